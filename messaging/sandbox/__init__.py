"""Meituan's side of takeaway (餐饮开放平台): calls of providers, its pushes to them, and its chat.

It shares no code with our side. Calls arrive at `<sandbox>/takeaway/waimai/…` and `…/wmoper/…`, the
binding pages are `<sandbox>/takeaway/storemap` and `…/releasebinding`. All other actions are JSON
control routes at `/_control/takeaway/…`. Amounts are fen, times Unix seconds, ids may be texts.

seed
    POST {"developer"?, "stores"?, "orders"?}: adds them, by default one developer with a store of
    each kind; what is there already keeps what is not given, and no order is placed twice
state
    GET everything
settings
    GET, POST: see settings.py (what is not published, and pushes that go wrong)
developers
    GET all; POST {"developer_id", "sign_key", "im_secret"?, "push"?: {event: url}}
developers/<id>/push
    POST {event: url}; events are order_new, order_confirmed, order_finished, order_cancelled,
    refund, part_refund, shipping, remind, poi_status, settlement, privacy, message, bind, unbind
stores
    GET all; POST {"epoi_id", "developer_id", "business_id"?: 2 | 16, "name"?, "app_auth_token"?}
stores/<epoi_id>
    POST {"name"?, "logistics_code"?, "binding"?: valid | expired | revoked, "im_status"?,
    "im_subscribed"?, "protocol_status"?, "audit_status"?}
stores/<epoi_id>/bind|unbind|status
    POST {}: a new token, or none, and its call-back; status takes {"status": 121 | 120 | 18 | 19}
orders
    GET all; POST {"epoi_id", "dishes"?, "discounts"?, "shipping"?, "bag"?, "commission"?,
    "delivery_time"?, "caution"?, "recipient"?, "open_user_id"?, "order_id"?,
    "incomplete"?: [food, money, recipient], "pay"?: true …}
orders/<id>
    GET Meituan's own view; `shown` is what queryById answers
orders/<id>/pay|confirm|finish|ready|remind|degrade|settle
    POST {}: as the customer, the shop in Meituan's own app, or Meituan itself
orders/<id>/cancel
    POST {"reason_code"?, "reason"?}
orders/<id>/refund
    POST {"foods"?: {line: pieces}, "reason"?, "pictures"?}: without foods the whole order
orders/<id>/withdraw|agree|reject|time-out|appeal|withdraw-appeal|service-agree|service-reject
    POST {"reason"?}: what becomes of the last refund
orders/<id>/shipping
    POST {"state": 0 | 1 | 5 | 10 | 15 | 20 | 40 | 100, "name"?, "phone"?}
orders/<id>/eta
    POST {"at"?, "deadline"?}: the customer asks for another time
orders/<id>/abnormal
    POST {"abnormal"?: true}: has batchFetchAbnormalOrder name the order
messages
    GET all; POST {"order_id" | "epoi_id" and "open_user_id", "text", "scene_tag"?, "msg_type"?,
    "source"?: 1 for the shop in Meituan's own app, "content"?: cipher text that is sent as it is}
conversations/<epoi_id>/<open_user_id>/read
    POST {"at"?: ms}: the customer has read
sockets
    GET who listens at ws://…/takeaway/websocket/<connectionId>/<token>
sockets/cut
    POST {"epoi_id"?}: cuts them without a word
sockets/send
    POST {"text", "epoi_id"?}: any text as a frame
pushes
    GET all with their tries; POST {"event", "epoi_id", "fields"}: any fields, signed
pushes/<number>/repeat
    POST {}: sends one again
printer
    GET address and what it printed, also as a page at <sandbox>/takeaway/printer; POST settings
    {"printer": "off" …} lets things go wrong
customer
    a page at <sandbox>/takeaway/customer: ask, order, write, complain, finish, want the money back
printer/paper|clear
    POST {}: new paper; nothing printed any more
"""

from .platform import TakeawaySandbox

__all__ = ["TakeawaySandbox"]
