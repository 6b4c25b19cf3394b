"""A delivery that nobody ordered: the set-up check asks for its price, the drill sends it."""

from decimal import Decimal
from typing import Any

from django.conf import settings

from delivery.models import Delivery, DeliveryStore

# WeChat's own sandbox (docs/platforms/wechat_delivery.md §6), the same for everybody.
TEST_COURIER, TEST_SHOP, TEST_SECRET = "TEST", "test_shop_id", "test_app_secrect"
NOBODY = "oZHANGGUIcheck00000000000000"


def sample(place: DeliveryStore, **fields: Any) -> Delivery:
    """Returns an unsaved delivery from a store to its own address."""
    last = Delivery.objects.filter(store=place.store_id, is_drill=False).exclude(openid="")
    openid = last.order_by("-created_at", "-id").values_list("openid", flat=True).first()
    known: dict[str, Any] = {
        "store": place.store,
        "openid": openid or NOBODY,
        "receiver": {
            "name": place.contact,
            "phone": place.phone,
            "city": place.city,
            "address": place.address,
            "detail": place.detail or place.address,
            "lng": str(place.lng),
            "lat": str(place.lat),
        },
        "value": Decimal(20),
        "weight": Decimal(1),
        "cargo": {
            "first_class": "美食夜宵",
            "second_class": "零食小吃",
            "goods": [{"name": "测试商品", "count": 1, "price": "20.00", "unit": "份"}],
        },
        "notice": {
            "page": "/pages/index/index",
            "picture": f"{settings.PUBLIC_BASE_URL}/static/stores/icon.svg",
            "goods": "测试商品",
            "count": 1,
        },
    }
    return Delivery(**known | fields)
