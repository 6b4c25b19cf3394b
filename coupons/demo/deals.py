"""The deals of the demo's stores, and their names at the gateway. Prices are yuan."""

from dataclasses import dataclass

from coupons.choices import Authorisation
from stores.models import Store

Trade = Store.Trade
# Name in the gateway's list, price, list price
DEALS: dict[str, tuple[tuple[str, str, str], ...]] = {
    Trade.CHESS: (
        ("【开业特惠】通用通宵8小时", "78.0", "168.0"),
        ("【工作日】小包畅玩4小时", "39.9", "88.0"),
        ("【周末】大包畅玩6小时", "99.0", "218.0"),
        ("【茶水畅饮】中包3小时", "49.0", "98.0"),
    ),
    Trade.BILLIARDS: (
        ("【新客】中式黑八2小时", "29.9", "76.0"),
        ("【双人】斯诺克3小时", "88.0", "180.0"),
        ("【夜场】22点后畅打", "49.9", "120.0"),
    ),
    Trade.GYM: (
        ("【体验】健身单次卡", "19.9", "60.0"),
        ("【私教】1对1体测课", "59.0", "299.0"),
        ("【月卡】30天不限次", "199.0", "399.0"),
    ),
    Trade.CAT_CAFE: (
        ("【单人】撸猫不限时含饮品", "45.0", "78.0"),
        ("【双人】周末撸猫套票", "86.0", "156.0"),
        ("【亲子】一大一小喂猫体验", "68.0", "128.0"),
    ),
}


@dataclass(frozen=True)
class Listing:
    """One store in the gateway's list; `a_day` is the number of coupons it verifies on a usual
    day.
    """

    remote_id: int
    trade: str
    request_count: int
    a_day: int
    authorisation: Authorisation = Authorisation.AUTHORISED


@dataclass(frozen=True)
class GatewayAccount:
    email: str
    stores: tuple[Listing, ...]


# In the order of stores.demo.people.STORES.
OURS = GatewayAccount(
    "haitang@example.com",
    (
        Listing(880101, Trade.CHESS, 9521, 42),
        Listing(880102, Trade.BILLIARDS, 6230, 30),
        Listing(880103, Trade.GYM, 86, 18),
        Listing(880104, Trade.CAT_CAFE, 4010, 24, Authorisation.EXPIRED),
    ),
)
OTHER = GatewayAccount(
    "xinghe@example.com",
    (Listing(880201, Trade.BILLIARDS, 7700, 22), Listing(880202, Trade.CHESS, 7425, 16)),
)
REMOTE_STATUS = {
    Authorisation.NOT_AUTHORISED: 1,
    Authorisation.AUTHORISED: 2,
    Authorisation.EXPIRED: 3,
}


def sku_of(remote_id: int, position: int) -> str:
    return f"{1_206_900_000 + (remote_id - 880_000) * 10 + position}"


def detail_name(name: str, price: str, sku_id: str) -> str:
    """Returns the name of a deal in the gateway's `detail`, which differs from the name in its
    list.
    """
    return f"{name.rpartition('】')[2]}[{float(price):.2f}元][{sku_id}]"
