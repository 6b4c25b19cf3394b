"""Deliveries at each stage, and the page that their receivers open."""

from datetime import datetime, timedelta
from typing import Any

from django.test import Client
from django.utils import timezone

from delivery.choices import Source, WaybillState
from delivery.models import Attempt, Delivery
from delivery.services import life
from tests.delivery.factories import AttemptFactory, DeliveryFactory, DeliveryStoreFactory
from tests.stores.factories import StoreFactory

S = WaybillState
# What a receiver of DeliveryFactory has told, and more; none of it may stand on the page.
RECEIVER = {
    "name": "欧阳翠花",
    "phone": "13912345678,4477",
    "city": "杭州市",
    "address": "翠苑一区东门",
    "detail": "3幢502室",
    "lng": "120.125317",
    "lat": "30.287129",
}
NOTE = "门禁密码2580"
TAIL = "5678"
RIDER = {"name": "王建国", "phone": "17033334444,9876"}
HALFWAY = {"lng": "120.128000", "lat": "30.283000"}


def ago(**span: float) -> datetime:
    return timezone.now() - timedelta(**span)


def waiting(**fields: Any) -> Delivery:
    if "store" not in fields:
        fields["store"] = StoreFactory(name="江南小厨", phone="0571-87654321")
        DeliveryStoreFactory(store=fields["store"])
    usual = {"receiver": RECEIVER, "note": NOTE, "phone_tail": TAIL, "openid": "oSECRETopenid"}
    made: Delivery = DeliveryFactory(**usual | fields)
    return made


def called(delivery: Delivery | None = None, **fields: Any) -> Attempt:
    """Returns a rider who was called for a delivery."""
    delivery = delivery or waiting()
    Delivery.objects.filter(pk=delivery.pk).update(state=Delivery.State.RUNNING)
    usual = {
        "delivery": delivery,
        "courier__place": delivery.store.delivery_store,
        "pickup_code": "PICK77",
        "finish_code": "8642",
        "waybill_id": "WB990099",
        "rider": RIDER,
    }
    made: Attempt = AttemptFactory(**usual | fields)
    return made


def ours(delivery: Delivery | None = None) -> Attempt:
    """Returns the shop's own people, as a courier."""
    return called(delivery, courier=None, courier_code="", shopid="", finish_code="", rider={})


def told(attempt: Attempt, *states: WaybillState, minutes: float = 10) -> Attempt:
    """The courier says these states, the first so many minutes ago, one a minute."""
    source = Source.PUSH if attempt.courier else Source.PERSON
    for number, state in enumerate(states):
        at = ago(minutes=minutes - number)
        life.hear(life.locked(attempt.pk), code=state, at=at, source=source)
    attempt.refresh_from_db()
    return attempt


def riding(**fields: Any) -> Attempt:
    """Returns a rider who has the goods, and whose place is known."""
    attempt = told(called(**fields), S.ACCEPTED, S.AT_SHOP, S.PICKED_UP)
    placed(attempt, ago(seconds=20))
    return attempt


def placed(attempt: Attempt, at: datetime, **place: str) -> None:
    attempt.rider = {**RIDER, **HALFWAY, **place, "at": int(at.timestamp())}
    attempt.save(update_fields=["rider"])


def path(delivery: Delivery) -> str:
    return f"/d/{delivery.slug}/"


def page(delivery: Delivery, client: Client | None = None, query: str = "") -> str:
    answer = (client or Client()).get(path(delivery) + query)
    assert answer.status_code == 200
    return answer.content.decode()


def post(delivery: Delivery, client: Client | None = None, **fields: str) -> Any:
    client = client or Client(enforce_csrf_checks=True)
    return client.post(path(delivery), fields)


def opened(delivery: Delivery) -> Client:
    """Returns the browser of somebody who has given the digits."""
    client = Client(enforce_csrf_checks=True)
    assert post(delivery, client, do="digits", digits=delivery.phone_tail).status_code == 303
    return client
