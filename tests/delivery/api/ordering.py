"""An order in WeChat's words, as a mini-program's system sends it."""

from copy import deepcopy
from typing import Any

_ORDER: dict[str, Any] = {
    "reference": "",
    "openid": "oTESTopenid0001",
    "receiver": {
        "name": "陈女士",
        "phone": "13800000002",
        "city": "杭州市",
        "address": "翠苑一区",
        "address_detail": "3幢502",
        "lng": 120.12531,
        "lat": 30.28712,
        "coordinate_type": 0,
    },
    "cargo": {
        "goods_value": 46.5,
        "goods_weight": 1.2,
        "cargo_first_class": "美食夜宵",
        "cargo_second_class": "零食小吃",
        "goods_detail": {
            "goods": [
                {"good_count": 1, "good_name": "片儿川", "good_price": 28.5, "good_unit": "份"}
            ]
        },
    },
    "order_info": {"order_type": 0, "poi_seq": "12", "note": "少辣", "is_finish_code_needed": 1},
    "shop": {
        "wxa_path": "/pages/order/detail?id=1",
        "img_url": "https://shop.example/1.png",
        "goods_name": "片儿川等",
        "goods_count": 2,
    },
}


def order(**changes: Any) -> dict[str, Any]:
    """Returns an order; a change of a part is laid over it, and None leaves a field out:
    order(receiver={"lng": None}).
    """
    made = deepcopy(_ORDER)
    for name, change in changes.items():
        if isinstance(change, dict) and isinstance(made.get(name), dict):
            made[name] = {
                field: value
                for field, value in (made[name] | change).items()
                if value is not None or field not in change
            }
        else:
            made[name] = change
    return made
