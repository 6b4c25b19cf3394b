"""What an error of WeChat means to a shop, and what to do about it
(docs/platforms/wechat_delivery.md §1 and §3).
"""

import re

from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

WRONG_SECRET = _(
    "WeChat does not accept the AppSecret. It stands in WeChat's console (开发管理 → 开发设置): if"
    " nobody has kept it, reset it there and enter the new one here and wherever else it is used."
)
NOT_OPENED = _(
    "Instant delivery is not opened for this mini-program. Open it in WeChat's console (功能 →"
    " 即时配送). If that entry is missing there, WeChat does not offer it to you yet."
)
WITHDRAWN = _(
    "The mini-program no longer lets the service provider act for it. Its administrator has to"
    " authorise the service provider again."
)
NOT_GRANTED = _(
    "The mini-program has not let the service provider use instant delivery. Its administrator has"
    " to authorise him again, with the permission for instant delivery (即时配送) ticked."
)
NO_TICKET = _(
    "WeChat has not sent this service provider a valid ticket. Enter the address for tickets in the"
    " open platform's console; WeChat then sends one every ten minutes."
)
# Begins what is wrong with the provider's own account, for those below it.
OF_PROVIDER = "service provider: "
_AT_LOGIN = "^(?:login: )?"
# The first pattern that is found decides; its named groups are values of the sentence.
WORDS: tuple[tuple[str, StrOrPromise], ...] = (
    (
        "^the token is rejected right after login",
        _(
            "WeChat rejects each token as soon as it is given out: another system takes tokens of"
            " this mini-program. Let it use WeChat's stable tokens (stable_token), as we do."
        ),
    ),
    (
        _AT_LOGIN + OF_PROVIDER + r"(?P<words>.*?)(?: rid: ?\S+)?$",
        _(
            "WeChat does not let in the service provider whom your mini-program has authorised"
            " (%(words)s). Whoever runs this system puts that right: nothing is wrong with your"
            " mini-program."
        ),
    ),
    (
        _AT_LOGIN + r"61004:.*?IP: ?(?P<address>[0-9a-fA-F.:]+)",
        _(
            "Our server's address %(address)s is not on the service provider's white list. Add it"
            " at the open platform (第三方平台 → 开发资料 → 白名单IP地址列表)."
        ),
    ),
    (
        _AT_LOGIN + "61004:",
        _(
            "Our server's address is not on the service provider's white list. Add it at the open"
            " platform (第三方平台 → 开发资料 → 白名单IP地址列表)."
        ),
    ),
    (
        _AT_LOGIN + r"40164:.*?invalid ip (?P<address>[0-9a-fA-F.:]+)",
        _(
            "Our server's address %(address)s is not on the white list. Add it in WeChat's console"
            " (开发管理 → 开发设置 → IP白名单), wait some minutes, and test again."
        ),
    ),
    (
        _AT_LOGIN + "40164:",
        _(
            "Our server's address is not on the white list. Add it in WeChat's console (开发管理 →"
            " 开发设置 → IP白名单), wait some minutes, and test again."
        ),
    ),
    (_AT_LOGIN + "40(?:001|125):", WRONG_SECRET),
    (
        _AT_LOGIN + "40013:",
        _(
            "WeChat does not know this AppID. Copy it from WeChat's console (开发管理 → 开发设置);"
            " it begins with wx."
        ),
    ),
    (
        _AT_LOGIN + "50002:",
        _("WeChat has locked this account. The notices in its console say why."),
    ),
    (_AT_LOGIN + "610(?:03|23):|^the shop has not authorised", WITHDRAWN),
    (_AT_LOGIN + "61007:", NOT_GRANTED),
    (_AT_LOGIN + "610(?:05|06|11):", NO_TICKET),
    # 930570 about the kind of goods is another matter.
    (_AT_LOGIN + "(?:48001|930566|93056[89]|930571|930570(?=: (?!cargo))):", NOT_OPENED),
    (
        _AT_LOGIN + "930560:",
        _(
            "The account at the courier is not bound to this mini-program. Bind it in WeChat's"
            " console (功能 → 即时配送), then read the accounts again."
        ),
    ),
    (
        _AT_LOGIN + "(?:45009|45011|930564):",
        _("Too many calls for today or for this minute. Try again later."),
    ),
    (_AT_LOGIN + "-1:", _("WeChat has a fault of its own. Try again in some minutes.")),
    (
        "^no AppSecret stored",
        _("The AppSecret is missing. Enter it in the form of the connection."),
    ),
)


def words_of(detail: str) -> str:
    """Returns a sentence for what WeChat answered; "" for what is none of its known errors."""
    for pattern, sentence in WORDS:
        if found := re.search(pattern, detail):
            given = found.groupdict()
            return str(sentence) % given if given else str(sentence)
    return ""
