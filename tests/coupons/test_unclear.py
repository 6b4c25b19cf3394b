"""The texts for guests, staff and systems while it is unknown whether a coupon was spent."""

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import translation

from coupons.counter import scan_result_of
from coupons.models import Batch, BatchItem, Verification
from coupons.pages.visits import sign_result
from coupons.reasons import UNCLEAR, UNDECIDED, Texts
from stores.roles import Role
from stores.tenancy import access_of
from tests.api import api_of
from tests.coupons.factories import VerificationFactory
from tests.stores.factories import member

pytestmark = pytest.mark.django_db
WORDS = pytest.mark.parametrize(("needs_person", "texts"), [(False, UNCLEAR), (True, UNDECIDED)])


def unclear(needs_person: bool) -> Verification:
    return VerificationFactory(
        status=Verification.Status.UNKNOWN, needs_person=needs_person, reason="", settled_at=None
    )


@WORDS
def test_the_api_says_that_it_is_unclear_and_whether_a_person_decides(
    needs_person: bool, texts: Texts
) -> None:
    row = unclear(needs_person)
    shown = api_of(row.store.merchant).get(f"verifications/{row.pk}/").json()
    assert (shown["status"], shown["needs_person"], shown["message"]) == (
        "unknown",
        needs_person,
        str(texts.staff),
    )


@WORDS
def test_a_batch_says_it_of_its_lines(needs_person: bool, texts: Texts) -> None:
    row = unclear(needs_person)
    batch = Batch.objects.create(store=row.store, requested_by="x")
    BatchItem.objects.create(batch=batch, position=1, code_tail=row.code_tail, verification=row)
    shown = api_of(row.store.merchant).get(f"verification-batches/{batch.pk}/").json()
    assert shown["lines"][0]["message"] == str(texts.staff)


@WORDS
def test_the_counter_says_it(needs_person: bool, texts: Texts) -> None:
    row = unclear(needs_person)
    result = scan_result_of(row, None, access_of(member(row.store.merchant, Role.OWNER)))
    assert (result.state, result.title, result.next_step) == (
        "unknown",
        texts.staff,
        texts.next_step,
    )


@WORDS
def test_the_guest_page_says_it(client: Client, needs_person: bool, texts: Texts) -> None:
    row = unclear(needs_person)
    page = client.get(
        reverse("coupons:guest-result", args=[row.store.guest_slug, sign_result(row.pk)])
    )
    with translation.override("zh-hans"):
        assert str(texts.guest) in page.content.decode()
