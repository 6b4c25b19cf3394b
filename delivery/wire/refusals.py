"""What the words of a courier's refusal mean (docs/platforms/wechat_delivery.md §2.2 and §3): a
code alone says it of few couriers.
"""

import re

WRONG_SIGNATURE = {("DADA", "2003"), ("SFTC", "-99")}
# Only the price that was kept until the call is over: nothing is wrong with the order.
PRICE_OVER = {("DADA", "2062")}
_SIGNATURE = re.compile(r"签名|验签|\bsign(?:ature)?\b|delivery_sign", re.IGNORECASE)
_STORE = re.compile(r"门店|店铺|发货点|shop_?no", re.IGNORECASE)
_PRICE = re.compile(
    r"(?:价格|报价|询价|运费).{0,8}(?:过期|失效|变[动更化])|price.{0,20}expired|delivery_token",
    re.IGNORECASE,
)


def is_wrong_signature(delivery_id: str, code: str, message: str) -> bool:
    """Whether the courier says that the shop's AppSecret there is another one."""
    return (delivery_id, code) in WRONG_SIGNATURE or bool(_SIGNATURE.search(message))


def is_price_over(delivery_id: str, code: str, message: str) -> bool:
    """Whether the courier only wants to be asked for its price anew."""
    return (delivery_id, code) in PRICE_OVER or bool(_PRICE.search(message))


def is_about_store(message: str) -> bool:
    """Whether the courier does not know the store, or does not fetch there now."""
    return bool(_STORE.search(message))
