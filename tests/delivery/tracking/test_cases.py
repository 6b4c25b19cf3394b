"""A receiver says that the goods did not come."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from delivery.choices import ForPerson
from delivery.models import Attempt, Delivery, DeliveryStore, ReceiverCase
from delivery.services.cases import LONGEST_TEXT, MOST_CASES, case_close, case_open
from stores.conflicts import Conflict
from stores.models import AuditEntry
from tests.delivery.tracking.seeing import S, ago, called, page, post, riding, told, waiting

pytestmark = pytest.mark.django_db
LINK = "?form=case"


def delivered() -> Delivery:
    return told(called(), S.ACCEPTED, S.PICKED_UP, S.DELIVERED).delivery


def test_after_the_delivery_a_receiver_tells_the_shop_that_nothing_came() -> None:
    delivery = delivered()
    assert LINK in page(delivery)
    assert "<textarea" in page(delivery, query=LINK)
    assert post(delivery, do="case", text=" 门口没有\u202e\x00 ").status_code == 303
    case = ReceiverCase.objects.get()
    assert (case.text, case.closed_at) == ("门口没有�", None)
    delivery.refresh_from_db()
    assert delivery.needs_person
    html = page(delivery)
    assert "track-told" in html
    assert 'href="tel:057187654321"' in html
    assert LINK not in html
    assert "门口没有" not in html
    entry = AuditEntry.objects.get(verb="delivery.case")
    assert (entry.actor, entry.store) == ("guest", delivery.store)


def test_said_twice_it_is_one_case_and_words_are_bounded() -> None:
    delivery = delivered()
    for _n in range(3):
        post(delivery, do="case", text="啊" * 5000)
    assert len(ReceiverCase.objects.get().text) == LONGEST_TEXT
    with pytest.raises(IntegrityError), transaction.atomic():
        ReceiverCase.objects.create(delivery=delivery)


def test_that_two_have_ridden_stands_before_a_person_when_the_case_is_closed() -> None:
    delivery = delivered()
    Delivery.objects.update(needs_person=True, for_person=ForPerson.REVIVED)
    post(delivery, do="case")
    case_close(case=ReceiverCase.objects.get(), actor="小王")
    delivery.refresh_from_db()
    assert (delivery.needs_person, delivery.for_person) == (True, ForPerson.REVIVED)


def test_words_may_be_missing() -> None:
    assert post(delivered(), do="case").status_code == 303
    assert ReceiverCase.objects.get().text == ""


@pytest.mark.parametrize("minutes", [0, 19])
def test_as_long_as_it_moves_nothing_is_offered_or_taken(minutes: int) -> None:
    attempt = riding()
    past = ago(hours=3)
    Delivery.objects.update(created_at=past)
    Attempt.objects.update(called_at=past, waybill_at=ago(minutes=minutes))
    assert LINK not in page(attempt.delivery)
    assert "<textarea" not in page(attempt.delivery, query=LINK)
    post(attempt.delivery, do="case", text="x")
    assert not ReceiverCase.objects.exists()


def test_where_nothing_moves_the_shop_can_be_told() -> None:
    attempt = riding()
    past = ago(minutes=21)
    Delivery.objects.update(created_at=past)
    Attempt.objects.update(called_at=past, waybill_at=past)
    assert LINK in page(attempt.delivery)
    # He is expected, or was until a moment ago: it moves.
    for minutes in (15, -5):
        expected = timezone.now() + timedelta(minutes=minutes)
        Attempt.objects.update(arrives_at=expected)
        assert LINK not in page(attempt.delivery)
    Attempt.objects.update(arrives_at=None)
    post(attempt.delivery, do="case", text="")
    attempt.delivery.refresh_from_db()
    assert attempt.delivery.needs_person


def test_an_order_for_later_is_not_late() -> None:
    later = timezone.now() + timedelta(hours=2)
    assert LINK not in page(waiting(created_at=ago(hours=3), wanted_at=later))
    assert LINK in page(waiting(created_at=ago(hours=3)))


@pytest.mark.parametrize("state", ["cancelled", "returned"])
def test_of_what_was_cancelled_or_is_back_nothing_is_missing(state: str) -> None:
    assert LINK not in page(waiting(state=state, ended_at=ago(hours=1)))


def test_a_case_does_not_stop_a_store_that_calls_riders_by_itself() -> None:
    delivery = waiting(created_at=ago(hours=1), ready_at=ago(hours=1))
    DeliveryStore.objects.update(is_automatic=True)
    case_open(delivery=delivery, text="")
    delivery.refresh_from_db()
    assert not delivery.needs_person
    assert list(Delivery.objects.needing_person()) == [delivery]


def test_each_delivery_that_needs_a_person_is_listed_once() -> None:
    calm, flagged, told_twice = waiting(), waiting(needs_person=True), delivered()
    case_close(case=case_open(delivery=told_twice, text=""), actor="小王")
    case_open(delivery=told_twice, text="")
    found = Delivery.objects.needing_person().order_by("pk")
    assert list(found) == [flagged, told_twice]
    assert calm not in found


def test_a_settled_case_is_settled_once_and_can_be_told_again() -> None:
    delivery = delivered()
    case = case_open(delivery=delivery, text="没有")
    case_close(case=case, actor="小王")
    case_close(case=case, actor="小李")
    case.refresh_from_db()
    delivery.refresh_from_db()
    assert (case.closed_by, delivery.needs_person) == ("小王", False)
    assert AuditEntry.objects.filter(verb="delivery.case.closed").count() == 1
    html = page(delivery)
    assert ("track-told" in html, LINK in html) == (False, True)


def test_what_came_back_still_needs_a_person_when_its_case_is_settled() -> None:
    delivery = told(called(), S.PICKED_UP, S.REFUSED, S.RETURNED).delivery
    case_close(case=case_open(delivery=delivery, text=""), actor="小王")
    delivery.refresh_from_db()
    assert delivery.needs_person


def test_after_many_cases_only_the_telephone_helps() -> None:
    delivery = delivered()
    for _n in range(MOST_CASES):
        case_close(case=case_open(delivery=delivery, text=""), actor="小王")
    with pytest.raises(Conflict):
        case_open(delivery=delivery, text="")
    assert LINK not in page(delivery)
    assert post(delivery, do="case").status_code == 303
    assert ReceiverCase.objects.count() == MOST_CASES


def test_the_words_are_encrypted_where_they_lie() -> None:
    from django.db import connection

    case_open(delivery=delivered(), text="3幢没有人来")
    with connection.cursor() as cursor:
        cursor.execute("SELECT text FROM delivery_receivercase")
        assert "3幢" not in cursor.fetchone()[0]


def test_a_stranger_with_a_wrong_address_opens_nothing() -> None:
    assert Client().post("/d/nothing/", {"do": "case"}).status_code == 404
    assert not ReceiverCase.objects.exists()
