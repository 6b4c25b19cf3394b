"""What people type who enter a delivery, and where they type it."""

from typing import Any

from django.test import Client

from delivery.models import Delivery

NEW, IMPORT = "/wechat/new/", "/wechat/new/table/"
TYPED: dict[str, str] = {
    "name": "陈女士",
    "phone": "13800000002",
    "city": "杭州市",
    "address": "翠苑一区",
    "detail": "3幢502",
    "lng": "120.125310",
    "lat": "30.287120",
    "openid": "oTESTopenid0001",
    "goods": "片儿川",
    "count": "2",
    "value": "46.50",
    "weight": "1.2",
    "kind": "美食夜宵 / 零食小吃",
    "note": "少辣",
    "reference": "A-1",
    "is_ready": "on",
    "page": "/pages/order",
    "picture": "https://shop.example/1.png",
}
HEADINGS = {
    "reference": "订单号",
    "name": "收货人",
    "phone": "电话",
    "city": "城市",
    "address": "地址",
    "detail": "门牌",
    "lng": "经度",
    "lat": "纬度",
    "openid": "openid",
    "goods": "商品",
    "count": "件数",
    "value": "货值",
    "weight": "重量",
    "kind": "品类",
    "page": "小程序页面",
    "picture": "图片",
}


def typed(**changes: str) -> dict[str, str]:
    return TYPED | changes


def send(client: Client, do: str = "save", **changes: str) -> Any:
    return client.post(NEW, typed(do=do, **changes))


def fields_of(answer: Any) -> dict[str, Any]:
    """Returns what stands in the form that a page shows."""
    form = answer.context["form"]
    return {name: form[name].value() for name in form.fields}


def errors_of(answer: Any) -> dict[str, list[str]]:
    assert answer.status_code == 422
    return {name: list(texts) for name, texts in answer.context["form"].errors.items()}


def table(*rows: dict[str, str], delimiter: str = ",") -> str:
    """Returns a table with a row for each change of TYPED."""
    lines = [delimiter.join(HEADINGS.values())]
    for row in rows:
        lines.append(delimiter.join((TYPED | row).get(name, "") for name in HEADINGS))
    return "\r\n".join(lines) + "\r\n"


def made() -> list[str]:
    return sorted(Delivery.objects.values_list("reference", flat=True))
