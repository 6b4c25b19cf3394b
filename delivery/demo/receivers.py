"""What the demo's store has sent, and to whom. Nobody here exists."""

import math
import random
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from delivery.models import Delivery, DeliveryStore

# name, yuan, kilograms
DISHES = (
    ("龙井虾仁套餐", Decimal("46.00"), Decimal("0.9")),
    ("片儿川", Decimal("28.00"), Decimal("0.8")),
    ("棋友双人茶点", Decimal("88.00"), Decimal("1.5")),
    ("桂花糕礼盒", Decimal("59.00"), Decimal("1.1")),
    ("冻柠茶", Decimal("16.00"), Decimal("0.6")),
    ("东坡肉饭", Decimal("38.00"), Decimal("0.9")),
)
PEOPLE = ("陈女士", "周先生", "吴女士", "郑先生", "何女士", "罗先生", "宋女士", "唐先生", "沈女士")
STREETS = (
    "翠苑一区",
    "古荡新村",
    "学院路 77 号",
    "文二路 328 号",
    "天目山路 176 号",
    "万塘路 8 号",
)
NOTES = ("", "", "", "放前台", "到了打电话", "不要按门铃")
# Yuan of extras and discounts, so that values are not all round.
ODD = (Decimal(0), Decimal("3.50"), Decimal("-2.20"), Decimal("6.80"))
LAT_METRES, LNG_METRES = 110_574, 96_100


@dataclass(frozen=True)
class Order:
    """A delivery that is not saved, and how far the receiver is, in kilometres."""

    delivery: Delivery
    km: float


def order_of(rng: random.Random, place: DeliveryStore, at: datetime, reference: str) -> Order:
    km = min(6.5, max(0.6, rng.lognormvariate(0.75, 0.55)))
    dishes = rng.sample(DISHES, rng.choice((1, 1, 2, 2, 3)))
    counts = [rng.choice((1, 1, 2)) for _dish in dishes]
    goods = [
        {"name": name, "count": count, "price": str(price), "unit": "份"}
        for (name, price, _weight), count in zip(dishes, counts, strict=True)
    ]
    prices = [price * count for (_n, price, _w), count in zip(dishes, counts, strict=True)]
    phone = f"139{rng.randrange(10**8):08}"
    delivery = Delivery(
        store=place.store,
        reference=reference,
        slug=secrets.token_urlsafe(16),
        openid=f"oDEMO{rng.randrange(10**20):020}",
        receiver=_receiver(rng, place, km) | {"phone": phone},
        phone_tail=phone[-4:],
        note=rng.choice(NOTES),
        value=sum(prices, rng.choice(ODD)),
        weight=sum((weight for _name, _price, weight in dishes), Decimal(0)),
        cargo={
            "first_class": "美食夜宵",
            "second_class": "零食小吃",
            "goods": goods,
            "pickup_info": "",
            "delivery_info": "",
        },
        notice={
            "page": f"/pages/order/detail?id={reference}",
            "picture": "https://shop.example/dish.png",
            "goods": f"{dishes[0][0]}等",
            "count": len(dishes),
        },
        created_at=at,
        ready_at=at + timedelta(seconds=rng.randrange(60, 600)),
        created_by="小程序",
    )
    return Order(delivery, km)


def _receiver(rng: random.Random, place: DeliveryStore, km: float) -> dict[str, Any]:
    """Lies in any direction from the store; roads are longer than the straight line."""
    angle, metres = rng.uniform(0, 2 * math.pi), km * 1000 / 1.3
    lng = float(place.lng) + metres * math.cos(angle) / LNG_METRES
    lat = float(place.lat) + metres * math.sin(angle) / LAT_METRES
    return {
        "name": rng.choice(PEOPLE),
        "city": place.city,
        "address": rng.choice(STREETS),
        "detail": f"{rng.randint(1, 30)} 幢 {rng.randint(1, 18)}0{rng.randint(1, 4)}",
        "lng": f"{lng:.6f}",
        "lat": f"{lat:.6f}",
    }
