"""The operators' search over all merchants."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from coupons.models import Verification
from stores.backoffice.search import (
    MOST,
    SEARCHED,
    SEARCHES,
    Sought,
    number_begins,
    text_begins,
)
from stores.fields import keyed_hash
from stores.models import AuditEntry, RateWindow
from tests.coupons.factories import VerificationFactory
from tests.pages import HOSTILE, english
from tests.stores.factories import StoreFactory, UserFactory

pytestmark = pytest.mark.django_db
PAGE = "/admin/find/"


@pytest.fixture
def operator() -> Client:
    return english(UserFactory(username="op", is_superuser=True, password=None))


def found(client: Client, text: str) -> list[tuple[str, list[str]]]:
    answer = client.post(PAGE, {"text": text})
    assert answer.status_code == 200, answer.context["answer"].refusal
    groups = answer.context["answer"].groups
    return [(str(merchant), [hit.text for hit in hits]) for merchant, hits in groups]


def test_the_last_four_of_a_code_find_it_at_every_merchant(operator: Client) -> None:
    now = timezone.now()
    for n, name in enumerate(("first", "second", "first again")):
        store = StoreFactory(merchant__name=name)
        VerificationFactory(store=store, code_tail="5678", created_at=now - timedelta(hours=n))
    VerificationFactory(store=store, code_tail="5679")
    hits = found(operator, "5678")
    assert hits == [(name, ["…5678 · verified"]) for name in ("first", "second", "first again")]


def test_hits_open_their_record_and_are_masked(operator: Client) -> None:
    row = VerificationFactory(code_tail="5678", order_id="4936011223344556677")
    page = operator.post(PAGE, {"text": "4936011223344556677"}).content.decode()
    assert f"/admin/coupons/verification/{row.pk}/change/" in page
    assert f"/admin/stores/merchant/{row.store.merchant_id}/change/" in page
    # Once, in the box in which it was typed.
    assert page.count("4936011223344556677") == 1


def test_an_order_is_found_by_its_number_or_six_digits_of_its_beginning(operator: Client) -> None:
    VerificationFactory(order_id="4936011223344556677")
    for text in ("4936011223344556677", "493601", "4936 0112-2334", "４９３６０１"):
        assert len(found(operator, text)) == 1, text
    for text in ("493602", "936011", "49360112233445566770"):
        assert found(operator, text) == [], text


def test_codes_are_searched_within_thirty_days(operator: Client) -> None:
    long_ago = timezone.now() - SEARCHED - timedelta(minutes=1)
    VerificationFactory(code_tail="5678", order_id="493601122", created_at=long_ago)
    assert found(operator, "5678") == []
    assert len(found(operator, "493601122")) == 1


def test_a_whole_coupon_code_is_found_and_noted_by_its_end_alone(operator: Client) -> None:
    code = "560228055678"
    VerificationFactory(code_hash=keyed_hash(code), code_tail="5678")
    VerificationFactory(code_hash=keyed_hash("670228055678"), code_tail="5678")
    assert len(found(operator, code)) == 1
    assert AuditEntry.objects.get().target == "…5678"


def test_the_newest_fifty_are_shown(operator: Client) -> None:
    store = StoreFactory()
    now = timezone.now()
    for n in range(MOST + 2):
        VerificationFactory(store=store, order_id="493601", created_at=now - timedelta(minutes=n))
    answer = operator.post(PAGE, {"text": "493601"}).context["answer"]
    [(_merchant, hits)] = answer.groups
    assert (len(hits), answer.count, answer.has_more) == (MOST, MOST, True)
    newest = Verification.objects.order_by("-created_at").values_list("created_at", flat=True)
    assert [hit.at for hit in hits] == list(newest[:MOST])


@pytest.mark.parametrize("text", ["", "12345", "123", "ab", "北京", *HOSTILE])
def test_what_is_no_number_is_said_to_be_none(operator: Client, text: str) -> None:
    answer = operator.post(PAGE, {"text": text})
    assert answer.status_code == 422
    assert "at least six digits" in answer.context["answer"].refusal
    assert AuditEntry.objects.count() == 0


def test_each_search_is_noted_without_the_whole_number(operator: Client) -> None:
    VerificationFactory(code_tail="1234")
    found(operator, "1234")
    found(operator, "+86 138-0000-1234")
    notes = [(row.actor, row.merchant, row.target, row.data) for row in AuditEntry.objects.all()]
    assert notes == [("op", None, "…1234", {"rows": 0}), ("op", None, "…1234", {"rows": 1})]
    assert (
        "Searched over all merchants" in operator.get("/admin/stores/auditentry/").content.decode()
    )


def test_searches_are_limited(operator: Client) -> None:
    with time_machine.travel(timezone.now(), tick=False):
        found(operator, "5678")
        RateWindow.objects.update(count=SEARCHES.count)
        answer = operator.post(PAGE, {"text": "5678"})
        assert (answer.status_code, AuditEntry.objects.count()) == (429, 1)
        assert "Too many searches. Try again in" in answer.content.decode()
        other = english(UserFactory(is_superuser=True))
        assert other.post(PAGE, {"text": "5678"}).status_code == 200


def test_only_operators_search(owner_client: Client) -> None:
    VerificationFactory(code_tail="5678")
    assert owner_client.post(PAGE, {"text": "5678"}).status_code == 403
    assert PAGE not in owner_client.get("/admin/").content.decode()
    assert AuditEntry.objects.count() == 0


def test_the_box_stands_on_the_start_page_and_in_the_menu(operator: Client) -> None:
    page = operator.get("/admin/").content.decode()
    assert (f'action="{PAGE}"' in page, f'href="{PAGE}"' in page) == (True, True)


def test_a_text_may_be_several_things() -> None:
    assert Sought.read("5678") == Sought(tail="5678")
    assert Sought.read("13800001234") == Sought(number="13800001234", phone="13800001234")
    assert Sought.read("+852 6123 4567") == Sought(phone="+85261234567")
    assert Sought.read("ab12") == Sought(tail="ab12")
    assert Sought.read("ZG-2026-0001") == Sought(number="ZG20260001")
    assert not Sought.read("١٢٣٤٥٦")


@pytest.mark.parametrize(
    ("number", "before", "within", "after"),
    [
        ("123456", "1234559", "123456999", "123457"),
        ("129999", "1299989", "1299999", "130000"),
        ("999999", "999998", "99999999", "a"),
    ],
)
def test_a_text_begins_within_a_range(number: str, before: str, within: str, after: str) -> None:
    store = StoreFactory()
    for text in (number, before, within, after):
        VerificationFactory(store=store, order_id=text)
    rows = Verification.objects.filter(text_begins("order_id")(number)).order_by("pk")
    assert list(rows.values_list("order_id", flat=True)) == [number, within]


def test_a_number_begins_within_one_range_for_each_length() -> None:
    condition = str(number_begins("n")("922336"))
    assert "('n__gte', 922336), ('n__lte', 922336)" in condition
    assert "('n__gte', 9223360000000000000), ('n__lte', 9223369999999999999)" in condition
    assert "9223372036854775807" in str(number_begins("n")("9223372"))
    assert "n__" not in str(number_begins("n")("012345"))
    assert "n__" not in str(number_begins("n")("9" * 40))
    assert "n__" not in str(number_begins("n")("ZG20260001"))


def test_a_number_with_letters_is_found_whole() -> None:
    row = VerificationFactory(order_id="ZG20260001")
    rows = Verification.objects.all()
    assert list(rows.filter(text_begins("order_id")("ZG20260001"))) == [row]
    assert not rows.filter(text_begins("order_id")("ZG2026")).exists()
