"""What the start page says of deliveries: alerts in their order, and figures of today."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation

from delivery.admin.finding import SEARCHER
from delivery.dashboard import alerts, cards, steps, store_links
from delivery.models import Attempt, Delivery, DeliveryStore
from stores.backoffice.dashboard import by_urgency
from stores.backoffice.search import Sought
from stores.backoffice.widgets import Alert
from stores.roles import Role
from tests.delivery.factories import (
    AttemptFactory,
    DeliveryFactory,
    DeliveryStoreFactory,
    MiniProgramFactory,
    ReceiverCaseFactory,
    StoreCourierFactory,
)
from tests.pages import english
from tests.stores.factories import (
    ConnectionFactory,
    MerchantFactory,
    StoreFactory,
    UserFactory,
    member,
)

pytestmark = pytest.mark.django_db
A = Attempt.State
ADD_CONNECTION = "/admin/stores/connection/add/"


@pytest.fixture
def place() -> DeliveryStore:
    made: DeliveryStore = DeliveryStoreFactory()
    return made


@pytest.fixture
def clerk(place: DeliveryStore) -> User:
    return member(place.store.merchant, Role.CLERK, place.store, password=None)


def told(user: User) -> list[Alert]:
    with translation.override("en"):
        return by_urgency(alerts(user))


def ridden(place: DeliveryStore, **fields: object) -> Attempt:
    made: Attempt = AttemptFactory(delivery__store=place.store, courier__place=place, **fields)
    return made


def test_two_riders_stand_first(place: DeliveryStore, clerk: User) -> None:
    DeliveryFactory(store=place.store, needs_person=True, reference="N")
    row = ridden(place, state=A.REVIVED, revived_at=timezone.now(), delivery__reference="TWO")
    first = told(clerk)[0]
    assert (first.level, first.url) == (
        "error",
        f"/admin/delivery/delivery/{row.delivery_id}/change/",
    )
    assert str(first.text).startswith("TWO: a rider of 闪送 has taken an order")
    Attempt.objects.update(state=A.DEAD)
    assert "TWO" not in str(told(clerk)[0].text)


def test_the_newest_three_that_need_a_person_are_named_the_others_counted(
    place: DeliveryStore, clerk: User
) -> None:
    for number in range(5):
        at = timezone.now() - timedelta(minutes=number)
        name = f"N{number}"
        DeliveryFactory(store=place.store, needs_person=True, reference=name, created_at=at)
    texts = [str(alert.text) for alert in told(clerk)]
    assert texts == [
        *(f"Delivery N{number} needs a person (no rider called)." for number in range(3)),
        "2 more deliveries need a person.",
    ]
    assert told(clerk)[3].url == "/admin/delivery/delivery/?person=yes"


def test_why_a_person_is_needed_is_told_with_what_to_do(place: DeliveryStore, clerk: User) -> None:
    DeliveryFactory(store=place.store, needs_person=True, for_person="no_fit", reference="N")
    unsure = {"state": A.ENDING, "needs_person": True, "for_person": "unsure"}
    ridden(place, **unsure, delivery__reference="U")
    ReceiverCaseFactory(delivery__store=place.store, delivery__reference="C")
    assert {str(alert.text) for alert in told(clerk)} == {
        "Delivery N: no courier fits the store's rule. Look at the prices and call one by hand, or"
        " change the rule.",
        "Delivery U: 闪送: the courier does not say for sure whether somebody rides. Ask the"
        " courier by telephone.",
        "Delivery C: the receiver says that nothing came. Speak with the receiver and the courier,"
        " then settle it.",
    }


def test_goods_that_come_back_are_told_with_their_age(place: DeliveryStore, clerk: User) -> None:
    at = timezone.now() - timedelta(minutes=41)
    ridden(place, waybill_state=304, waybill_at=at)
    assert [str(alert.text) for alert in told(clerk)] == [
        "1 delivery comes back to the shop, since 41 min."
    ]


def test_cancellations_with_a_fee_and_paused_couriers_are_told(
    place: DeliveryStore, clerk: User
) -> None:
    now = timezone.now()
    for fee in ("2.00", "3.50"):
        ridden(place, state=A.DEAD, deduction=Decimal(fee), ended_at=now)
    ridden(place, state=A.DEAD, deduction=Decimal(9), ended_at=now - timedelta(days=2))
    StoreCourierFactory(
        place=place,
        account__name="达达",
        paused_until=now + timedelta(hours=1),
        pause_reason="the account has no money",
    )
    paused, kept = told(clerk)
    assert (kept.level, str(kept.text)) == ("info", "2 cancellations cost ¥5.50 today.")
    assert (paused.level, "达达 is paused until" in str(paused.text)) == ("warning", True)
    assert str(paused.text).endswith(": the account has no money.")


def test_another_merchant_is_told_nothing(place: DeliveryStore) -> None:
    DeliveryFactory(store=place.store, needs_person=True)
    ridden(place, state=A.REVIVED, revived_at=timezone.now())
    other = DeliveryStoreFactory()
    stranger = member(other.store.merchant, Role.OWNER, password=None)
    assert told(stranger) == []
    assert [card.value for card in cards(stranger)] == ["0", "¥0.00", "0"]


def test_figures_of_today(place: DeliveryStore, clerk: User) -> None:
    now, state = timezone.now(), Delivery.State
    over = {"delivery__state": state.DELIVERED, "delivery__ended_at": now}
    ridden(place, state=A.DELIVERED, fee=Decimal("18.08"), tip=Decimal(2), **over)
    ridden(
        place,
        state=A.DEAD,
        deduction=Decimal(2),
        delivery__state=state.CANCELLED,
        delivery__ended_at=now,
    )
    ridden(place)
    assert [card.value for card in cards(clerk)] == ["1", "¥22.08", "1"]


def test_the_start_page_asks_as_much_of_many_deliveries_as_of_few(
    place: DeliveryStore, clerk: User
) -> None:
    def queries() -> int:
        user = User.objects.get(pk=clerk.pk)
        with CaptureQueriesContext(connection) as asked:
            told(user)
            cards(user)
        return len(asked)

    def some(number: int) -> None:
        for _ in range(number):
            DeliveryFactory(store=place.store, needs_person=True)
            ridden(place, state=A.REVIVED, revived_at=timezone.now())

    some(4)
    few = queries()
    some(8)
    assert (queries(), few < 16) == (few, True)


@pytest.mark.parametrize("typed", ["REF123456", "ZG7-abcdef", "5678"])
def test_operators_find_deliveries_masked(place: DeliveryStore, typed: str) -> None:
    number = "ZG7-abcdef"
    row = DeliveryFactory(store=place.store, reference="REF123456", phone_tail="5678")
    AttemptFactory(delivery=row, courier__place=place, shop_order_id=number)
    sought = Sought(number=typed) if len(typed) > 4 else Sought(tail=typed)
    [hit] = SEARCHER.hits(sought)
    assert (hit.url, "REF123456" in hit.text) == (
        f"/admin/delivery/delivery/{row.pk}/change/",
        False,
    )


def test_a_store_leads_to_its_deliveries(place: DeliveryStore) -> None:
    links = store_links([place.store, StoreFactory()])
    assert set(links) == {place.store_id}
    assert f"store__id__exact={place.store_id}" in links[place.store_id][0].url


def done(user: User) -> list[bool]:
    return [step.done for step in steps(user)]


def test_an_owner_is_led_from_the_mini_program_to_the_first_order() -> None:
    merchant = MerchantFactory()
    owner = member(merchant, Role.OWNER, password=None)
    assert [step.url for step in steps(owner)] == [f"{ADD_CONNECTION}?platform=wechat"]
    made = MiniProgramFactory(merchant=merchant)
    assert done(owner) == [False] * 4
    assert steps(owner)[1].url.endswith(f"add/?connection={made.pk}")
    assert "Ask the owner" not in english(owner).get("/admin/").content.decode()
    place = DeliveryStoreFactory(connection=made, store__merchant=merchant)
    StoreCourierFactory(place=place, account__connection=made)
    assert done(owner) == [True, True, False, False]
    clerk = member(merchant, Role.CLERK, place.store, password=None)
    assert steps(clerk) == []
    DeliveryFactory(store=place.store)
    assert steps(owner) == []


def test_the_account_of_a_service_provider_is_no_mini_program_to_set_up() -> None:
    MiniProgramFactory(merchant=None)
    operator = UserFactory(is_staff=True, is_superuser=True)
    assert [step.url for step in steps(operator)] == [f"{ADD_CONNECTION}?platform=wechat"]


def test_an_owner_without_a_store_is_not_sent_to_the_owner() -> None:
    merchant = MerchantFactory()
    owner = member(merchant, Role.OWNER, password=None)
    ConnectionFactory(merchant=merchant, platform="takeaway")
    page = english(owner).get("/admin/").content.decode()
    assert ("Ask the owner" in page, "Add your store" in page) == (False, True)
