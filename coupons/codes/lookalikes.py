"""What is no coupon code, by name: numbers of daily life, each recognised by its own form.

Sources: WeChat Pay and Alipay publish the form of their payment codes, GB 11643 that of ID numbers,
ISO/IEC 15420 the check digit of goods, ISO/IEC 7812 that of bank cards.
"""

import re
from datetime import date
from enum import StrEnum


class NoCode(StrEnum):
    """What was read instead of a code; the first one is the most useful to be told."""

    PAYMENT = "payment"
    ID_CARD = "id_card"
    BANK_CARD = "bank_card"
    ROUNDED = "rounded"
    LACKS_ZERO = "lacks_zero"
    UNCLEAR = "unclear"
    GOODS = "goods"
    MOBILE = "mobile"
    SERVICE_NUMBER = "service_number"
    LANDLINE = "landline"
    WAYBILL = "waybill"
    ORDER_NUMBER = "order_number"
    LETTERS = "letters"
    TOO_LONG = "too_long"
    DAY = "day"
    TOO_SHORT = "too_short"
    OTHER = "other"
    EMPTY = "empty"


# Some real codes have these forms by chance: a person may say that it is one.
BY_CHANCE = {NoCode.GOODS, NoCode.SERVICE_NUMBER, NoCode.DAY}

_WECHAT = re.compile("1[0-5][0-9]{16}")
_ALIPAY = re.compile("(?:2[5-9]|30)[0-9]{14,22}")
_UNIONPAY = re.compile("62[0-9]{17}")
_MOBILE = re.compile("(?:(?:00)?86)?1[3-9][0-9]{9}")
_SERVICE = re.compile("[48]00[0-9]{7}")
_ID = re.compile("[1-9][0-9]{5}([0-9]{8})[0-9]{3}[0-9Xx]")
_CARD = re.compile("[3-6][0-9]{15,18}")
# With or without the time: 20261128, 20261128123005.
_DAY = re.compile("(20[0-9]{6})(?:(?:[01][0-9]|2[0-3])[0-5][0-9][0-5][0-9])?")
# With its area, as it is printed; in one of the patterns of codes, or beside one.
LANDLINE = re.compile("0[1-9][0-9]{1,2}(?:-[0-9]{3,4}-[0-9]{4}|[ -][0-9]{7,8})")
_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_ID_CHECKS = "10X98765432"


def lookalike(number: str) -> NoCode | None:
    """Returns what a number without blanks is, if it has one of these forms."""
    born = _ID.fullmatch(number)
    if born and _is_day(born[1]) and _is_checked(number):
        return NoCode.ID_CARD
    if _WECHAT.fullmatch(number) or _ALIPAY.fullmatch(number) or _UNIONPAY.fullmatch(number):
        return NoCode.PAYMENT
    if born and _is_day(born[1]):
        return NoCode.ID_CARD
    if _MOBILE.fullmatch(number):
        return NoCode.MOBILE
    if _SERVICE.fullmatch(number):
        return NoCode.SERVICE_NUMBER
    if len(number) == 13 and _is_article(number):
        return NoCode.GOODS
    if _CARD.fullmatch(number) and _is_card(number):
        return NoCode.BANK_CARD
    if (day := _DAY.fullmatch(number)) and _is_day(day[1]):
        return NoCode.DAY
    return None


def _is_checked(number: str) -> bool:
    """Whether the last place of an ID number checks the others."""
    total = sum(int(digit) * weight for digit, weight in zip(number, _ID_WEIGHTS, strict=False))
    return _ID_CHECKS[total % 11] == number[-1].upper()


def _is_day(digits: str) -> bool:
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:])).year >= 1850
    except ValueError:
        return False


def _is_article(number: str) -> bool:
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(number))
    return total % 10 == 0


def _is_card(number: str) -> bool:
    doubled = [int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(number))]
    return sum(value // 10 + value % 10 for value in doubled) % 10 == 0


# No letter or digit of any script stands right before or behind: it is a number of its own.
FREE, ENDS = r"(?<![\dA-Za-z])", r"(?![\dA-Za-z])"
# Nor does it belong to groups of digits.
_APART, _LAST = rf"{FREE}(?<![0-9][ .\-])", rf"{ENDS}(?![ .\-][0-9])"
_ORDER = "(?:订单编?号?|单号|退款单|流水号?|交易号|编号|(?<![a-z])(?:order|trade))"
_MOBILE_NAME, _TELEPHONE = "(?:手机号?|(?<![a-z])mobile)", "(?:电话|座机|(?<![a-z])(?:phone|tel))"
_ANOTHER = (
    "(?:[卡账帐]号|wi-?fi密码|会员号|微信号|发票代?|税号"
    "|(?<![a-z])(?:shop|poi|deal|sku|user|member|qq))"
)
IS = r"""(?:是|为)?["']?\s*[:：=#]?\s*["']?"""
_PARCEL = "(?:快递|运单|物流|面单|取件|(?<![a-z])(?:waybill|tracking))单?"
# How the numbers of couriers begin: 顺丰, 圆通, 京东, 极兔, 中通, 申通, 韵达, 跨越, 德邦, EMS.
_COURIER = "(?:SF|YT|JD[A-Z]{0,3}|JT|ZTO|STO|YD|KY|DPK|EMS)"
# As long as an order's number, or in groups.
_GIVEN = (
    rf"(?:号码|号|码|[a-z_]{{0,20}}){IS}(?:[0-9]{{5,}}|[0-9]{{2,6}}(?:[ \-][0-9]{{2,6}})+){ENDS}"
)
_UNIT = (
    "(?:元|块|折|人|份|次|小时|分钟?|点|时|年|月|日|号|楼|层|店|位|岁|天|杯|桌|间|代金|%|"
    r"张(?![\u4e00-\u9fff])|rmb\b|yuan\b)"
)
# Addresses in pictures with which one pays, or is paid.
PAYING = re.compile(
    r"wxp://|weixin://wxpay|alipays?://|//(?:qr\.alipay\.com|qr\.95516\.com|payapp\.weixin\.qq\.com)",
    re.IGNORECASE,
)
Patterns = list[tuple[re.Pattern[str], NoCode | None]]
# Numbers with a name, before runs of digits are looked for.
FIRST: Patterns = [
    (re.compile(r"[A-Za-z0-9._+-]{1,64}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+"), None),
    (re.compile(rf"{_PARCEL}{_GIVEN}", re.IGNORECASE), NoCode.WAYBILL),
    (
        re.compile(rf"{FREE}{_COURIER} ?[0-9]{{10,15}}(?:-[0-9]+)*-?{ENDS}", re.IGNORECASE),
        NoCode.WAYBILL,
    ),
    # UPU S10: EA123456789CN.
    (re.compile(rf"{FREE}[A-Z]{{2}}[0-9]{{9}}[A-Z]{{2}}{ENDS}", re.IGNORECASE), NoCode.WAYBILL),
    (re.compile(rf"{_ORDER}{_GIVEN}", re.IGNORECASE), NoCode.ORDER_NUMBER),
    (re.compile(rf"{_MOBILE_NAME}{_GIVEN}", re.IGNORECASE), NoCode.MOBILE),
    (re.compile(rf"{_TELEPHONE}{_GIVEN}", re.IGNORECASE), NoCode.LANDLINE),
    (re.compile(rf"{_ANOTHER}{_GIVEN}", re.IGNORECASE), None),
    (re.compile(rf"{FREE}[1-9][0-9]{{16}}[Xx]{ENDS}"), NoCode.ID_CARD),
    # Behind a digit the mark joins two numbers: 5566…+7788….
    (
        re.compile(
            rf"(?<![0-9])\+[0-9]{{1,3}}[ \-()]{{0,2}}[0-9](?:[ \-()]{{0,2}}[0-9]){{6,12}}{ENDS}"
        ),
        NoCode.MOBILE,
    ),
    (re.compile(rf"{_APART}\(?0[0-9]{{2,3}}(?:\) ?-?|[ \-])[0-9]{{7,8}}{_LAST}"), NoCode.LANDLINE),
    (
        re.compile(rf"{_APART}\(?0[0-9]{{2,3}}(?:\) ?-?|-)[0-9]{{3,4}} [0-9]{{4}}{_LAST}"),
        NoCode.LANDLINE,
    ),
    (re.compile(r"[¥￥$€]\s?[0-9]+(?:\.[0-9]+)?"), None),
    (re.compile(rf"{FREE}[0-9](?:\.[0-9]+)?E\+?[0-9]{{1,2}}{ENDS}", re.I), NoCode.ROUNDED),
]
_DAY_OF_MONTH = "[0-3]?[0-9](?![0-9])"
# A date may follow a code in groups.
_DATED = rf"{FREE}(?<![0-9][.\-])"
_WHOLE_DAY = rf"[0-9]{{4}} ?[-/.年] ?[01]?[0-9] ?[-/.月] ?{_DAY_OF_MONTH}日?"
# What stands beside groups of digits and is none of them.
BESIDE: Patterns = [
    (
        re.compile(
            rf"{_DATED}{_WHOLE_DAY} ?[-~\u2010-\u2015至到] ?"
            rf"(?:{_WHOLE_DAY}|[01]?[0-9][-/.月]{_DAY_OF_MONTH}日?)(?![-/.]?[0-9])"
        ),
        NoCode.DAY,
    ),
    (re.compile(rf"{_DATED}{_WHOLE_DAY}"), NoCode.DAY),
    (re.compile(rf"{_DATED}20[0-9]{{2}}[-/.年][01]?[0-9](?![0-9])(?![-/.][0-9])月?"), NoCode.DAY),
    (re.compile(rf"{_DATED}[01]?[0-9][-/月]{_DAY_OF_MONTH}(?![-/.][0-9])日?"), NoCode.DAY),
    (re.compile(r"(?<![0-9])[0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?(?![0-9])"), None),
    (
        re.compile(rf"{_APART}(?:86[ -]?)?1[3-9][0-9][ -]?[0-9]{{4}}[ -]?[0-9]{{4}}{_LAST}"),
        NoCode.MOBILE,
    ),
    (re.compile(rf"{_APART}[48]00[ -][0-9]{{3,4}}[ -][0-9]{{3,4}}{_LAST}"), NoCode.SERVICE_NUMBER),
    (re.compile(rf"(?<![0-9.])[0-9]{{1,6}}(?:\.[0-9]+)?{_UNIT}", re.IGNORECASE), None),
    (re.compile(r"(?<![0-9.])[0-9]{1,6}\.[0-9]{1,2}(?![0-9.])"), None),
    # The number of a line in a list.
    (re.compile(r"(?:^|(?<=[\s;；,，|]))\(?[0-9]{1,3}(?:[)、:]|\.(?=\s|[0-9]{3,6} [0-9]))"), None),
    (re.compile(r"(?:No|Nr|第|x|×|\*)\.?\s?[0-9]{1,4}(?![0-9])", re.IGNORECASE), None),
]
