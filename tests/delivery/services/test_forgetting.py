"""Who received and who rode is removed after the merchant's days."""

from datetime import timedelta

import pytest
from django.utils import timezone

from delivery.models import Attempt, Decision, Delivery
from delivery.services.dispatching import Plan, delivery_call_again, rider_call
from delivery.services.forgetting import forget_receivers
from delivery.services.quoting import quotes_ask
from stores.conflicts import Conflict
from tests.delivery.factories import AttemptFactory, ReceiverCaseFactory

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def old(days: int, state: str = "delivered") -> Attempt:
    """Returns a rider who was called so many days ago, of a merchant who keeps 30 days."""
    attempt: Attempt = AttemptFactory(
        delivery__state=state,
        delivery__note="少辣",
        delivery__created_at=timezone.now() - days * DAY,
        delivery__store__merchant__personal_data_days=30,
        rider={"name": "王师傅", "phone": "13712345678"},
        finish_code="1024",
        state="delivered",
    )
    return attempt


def test_what_is_personal_goes_and_the_money_stays() -> None:
    attempt = old(31)
    assert forget_receivers() == 1
    delivery = Delivery.objects.get()
    known = (delivery.receiver, delivery.phone_tail, delivery.openid, delivery.note)
    assert known == ({}, "", "", "")
    attempt.refresh_from_db()
    assert (attempt.rider, attempt.finish_code) == ({}, "")
    assert (delivery.value, delivery.emptied_at is not None) == (attempt.delivery.value, True)
    assert forget_receivers() == 0


# Nobody rides for two weeks.
@pytest.mark.parametrize(
    ("days", "state", "is_gone"),
    [(29, "delivered", False), (31, "running", True), (31, "waiting", True)],
)
def test_what_is_younger_stays_and_what_nobody_ended_goes(
    days: int, state: str, is_gone: bool
) -> None:
    attempt = old(days, state)
    assert forget_receivers() == is_gone
    attempt.refresh_from_db()
    assert bool(attempt.rider) is not is_gone


def test_a_number_of_days_beyond_all_time_keeps_everything() -> None:
    merchant = old(31).delivery.store.merchant
    merchant.personal_data_days = 2**31 - 1
    merchant.save()
    assert forget_receivers() == 0


def test_what_a_receiver_said_goes_as_well() -> None:
    case = ReceiverCaseFactory(delivery=old(31).delivery, text="王女士 3幢502 没收到")
    forget_receivers()
    case.refresh_from_db()
    assert case.text == ""


def test_words_about_the_door_go_and_the_goods_stay() -> None:
    delivery = old(31).delivery
    goods = delivery.cargo["goods"]
    delivery.cargo |= {"pickup_info": "取餐号 12", "delivery_info": "交给 502 的王女士"}
    delivery.save()
    without = old(31).delivery
    assert forget_receivers() == 2
    delivery.refresh_from_db()
    assert (delivery.cargo["pickup_info"], delivery.cargo["delivery_info"]) == ("", "")
    assert delivery.cargo["goods"] == goods
    assert Delivery.objects.get(pk=without.pk).cargo == without.cargo


def test_nobody_is_asked_or_called_for_a_receiver_who_was_removed() -> None:
    attempt = old(31, "returned")
    forget_receivers()
    delivery = Delivery.objects.get()
    with pytest.raises(Conflict):
        quotes_ask(delivery=delivery)
    with pytest.raises(Conflict):
        rider_call(Plan(delivery, attempt.courier, None, Decision(chosen="SS")), actor="小王")
    Attempt.objects.update(state="dead", waybill_state=502)
    with pytest.raises(Conflict):
        delivery_call_again(attempt=Attempt.objects.get(), actor="小王")
    assert Attempt.objects.count() == 1
