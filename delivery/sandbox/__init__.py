r"""WeChat's side of instant delivery, with couriers of its own: calls, tokens, pushes and riders.

It shares no code with our side. Calls arrive at `<sandbox>/wechat/cgi-bin/…`; all other actions are
JSON control routes at `/_control/wechat/…`. Amounts are yuan, times Unix seconds.

seed
    POST {"app"?, "couriers"?, "accounts"?}: adds them, by default one app and five couriers with an
    account each; what is there already keeps what is not given
state
    GET everything
settings
    GET, POST: see settings.py (what is not published, and what goes wrong)
apps
    GET all; POST {"appid", "secret", "callback"?: url, "push_token"?, "aes_key"?,
    "mode"?: plain | compat | secure, "form"?: json | xml}
apps/<appid>/steal
    POST {}: another server fetches a token; ours is no longer valid
apps/<appid>/authorise
    POST {"provider"}: the shop's administrator lets a provider act for it
apps/<appid>/withdraw
    POST {}: and no longer
providers
    GET all; POST {"appid", "secret", "callback"?: url, "messages"?: url that may hold $APPID$,
    "push_token"?, "aes_key"?}: service providers, who get a ticket every ten minutes; `messages`
    hears of the orders of apps that have authorised them
providers/<appid>/ticket
    POST {}: a new ticket now
couriers
    GET all; POST {"delivery_id", "name"?, "base"?, "per_km"?, "reach"?: metres, "seconds"?,
    "names_price"?, "locks_price"?, "mood"?: takes | refuses | offline | silent |
    no_answer, "lng"?, "lat"?, "cancel_fee"?, "free_seconds"?, "switches"?: {setting: value}, those
    of settings.py that are another for this courier}
accounts
    GET all; POST {"appid", "delivery_id", "shopid", "secret", "audit"?: 0 | 1 | 2, "balance"?}
orders
    GET all
orders/<shopid>/<shop_order_id>
    GET one with its lives; POST {"status": 101 …, "at"?, "message"?, "push"?: true}: what the
    courier reports
orders/<shopid>/<shop_order_id>/push
    POST {"status"?, "at"?}: pushes a state that the order does not have
pushes
    GET all with their tries
pushes/<number>/repeat
    POST {}: sends one again

Two pages for people: <sandbox>/wechat/riders, all orders with a button for each next step, and
<sandbox>/wechat/couriers, couriers' prices, moods and switches, and how pushes come.
"""

from .platform import WechatSandbox

__all__ = ["WechatSandbox"]
