"""What WeChat says of a rider, and riders of whom it may still say something."""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from delivery.choices import WaybillState
from delivery.models import Attempt, Delivery
from delivery.services.hearing import waybill_told
from delivery.wire.events import WaybillEvent
from tests.delivery.cancelling import delivery_cancel
from tests.delivery.town import Town


def pushed(attempt: Attempt, status: int, *, seconds: float = 0) -> None:
    """WeChat says how an order stands, dated so long after now."""
    event = WaybillEvent(
        shopid=attempt.shopid,
        shop_order_id=attempt.shop_order_id,
        waybill_id="another",
        code=status,
        state=WaybillState(status),
        action_at=timezone.now() + timedelta(seconds=seconds),
        message="",
        rider=None,
        to="",
        sender="",
    )
    assert attempt.courier
    with transaction.atomic():
        connection = attempt.courier.account.connection
        assert waybill_told(connection=connection, event=event, at=timezone.now()) == attempt.pk


def gone(town: Town, courier: str = "SS") -> Attempt:
    """Returns a rider who was called, cancelled, and is surely gone."""
    attempt = town.called(courier)
    then = Delivery.Then.NOTHING
    delivery_cancel(delivery=attempt.delivery, actor="小王", max_fee=None, then=then)
    town.work()
    return Attempt.objects.select_related("courier__account__connection", "delivery").get(
        pk=attempt.pk
    )
