"""Every coupon page is free of English in Chinese and free of Chinese in English, in every state of
the rows.
"""

import pytest
from django.core import signing
from django.urls import reverse
from django.utils import timezone

from coupons.models import Batch, BatchItem, Lookup, Verification
from coupons.pages import visits
from coupons.reasons import Reason
from coupons.services import abuse
from stores.models import Connection, InboundEvent, Store
from tests.contract import two_merchants
from tests.contract.languages import IN_BOTH, LANGUAGES, Language
from tests.contract.test_languages import operator_of, url
from tests.contract.two_merchants import World, plainly_named
from tests.coupons.factories import VerificationFactory

pytestmark = pytest.mark.django_db
FLOW = "guest:" + "a" * 32
CODE = "700012345678"


def world() -> World:
    return plainly_named(two_merchants.world())


@IN_BOTH
def test_the_overview_with_everything_that_can_go_wrong_is_in_one_language(
    language: Language,
) -> None:
    made = world()
    Connection.objects.update(state=Connection.State.REFUSED)
    InboundEvent.objects.update(state=InboundEvent.State.FAILED)
    made.mine.rows["coupons.GatewayStore"].__class__._default_manager.update(request_count=0)
    Verification.objects.update(unmapped=True)
    Verification.objects.filter(store=made.mine.store).update(status="unknown", needs_person=True)
    page = reverse("admin:index")
    assert language.wrong_on(language.client(operator_of(made)), page) == {}


def in_every_state(store: Store) -> list[Verification]:
    """Creates one verification for each status, refusal and remark."""
    fields = [{"status": status} for status in Verification.Status.values]
    fields += [{"status": "refused", "reason": reason} for reason in Reason.values]
    fields += [{"status": "verified", "unmapped": "1"}, {"status": "verified", "inferred": "1"}]
    made = [VerificationFactory(store=store, requested_by="guest", **each) for each in fields]
    unclear = VerificationFactory(
        store=store, requested_by="system", status="unknown", needs_person=True
    )
    again = {
        "status": "refused",
        "reason": "already_used",
        "duplicate_of": made[2],
        "requested_by": "alpha",
    }
    return [*made, unclear, VerificationFactory(store=store, **again)]


@IN_BOTH
def test_the_counter_is_in_one_language(language: Language) -> None:
    made = world()
    client = language.client(made.people["owner"])
    rows = in_every_state(made.mine.store)
    pages = [reverse("counter"), reverse("coupons:poster-page", args=[made.mine.store.guest_slug])]
    pages += [reverse("counter-result", args=["coupon", str(row.pk)]) for row in rows]
    pages += [reverse("coupons:poster", args=[made.mine.store.guest_slug, "svg"])]
    assert language.wrong_on(client, *pages) == {}
    odd = client.post(reverse("counter"), {"text": "?", "store": made.mine.store.pk})
    assert (odd.status_code, language.foreign(odd.content.decode())) == (422, [])


@IN_BOTH
def test_verifications_in_every_state_are_in_one_language(language: Language) -> None:
    made = world()
    rows = in_every_state(made.mine.store)
    pages = [url("coupons.Verification", "changelist")]
    pages += [url("coupons.Verification", "change", row) for row in rows]
    assert language.wrong_on(language.client(made.people["owner"]), *pages) == {}


@IN_BOTH
def test_batches_are_in_one_language(language: Language) -> None:
    made = world()
    client = language.client(made.people["owner"])
    batch = Batch.objects.create(store=made.mine.store, requested_by="alpha")
    for position, row in enumerate(in_every_state(made.mine.store), start=1):
        BatchItem.objects.create(batch=batch, position=position, verification=row)
    BatchItem.objects.create(batch=batch, position=99, reason=Reason.MALFORMED_CODE)
    pages = [reverse("coupons:batches"), reverse("coupons:batch", args=[batch.pk])]
    assert language.wrong_on(client, *pages) == {}
    for codes in ("", "\n".join(str(700012340000 + n) for n in range(2000))):
        odd = client.post(reverse("coupons:batches"), {"codes": codes, "store": made.mine.store.pk})
        assert (odd.status_code, language.foreign(odd.content.decode())) == (422, [])


@IN_BOTH
def test_the_guests_first_page_is_in_one_language(language: Language) -> None:
    store, client = world().mine.store, language.client()
    page = reverse("coupons:guest", args=[store.guest_slug])
    assert language.wrong_on(client, page) == {}
    assert language.foreign(client.post(page, {"code": "?"}).content.decode()) == []
    store.guest_page_open = False
    store.save()
    assert language.wrong_on(client, page) == {}


@IN_BOTH
def test_a_locked_guest_reads_one_language(
    language: Language, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(abuse, "locked", lambda guest: abuse.Hold(300))
    page = reverse("coupons:guest", args=[world().mine.store.guest_slug])
    answer = language.client().post(page, {"code": CODE})
    assert (answer.status_code, language.foreign(answer.content.decode())) == (429, [])


@IN_BOTH
@pytest.mark.django_db(transaction=True)
def test_what_a_guest_reads_about_the_coupon_is_in_one_language(language: Language) -> None:
    store, client = world().mine.store, language.client()
    client.cookies[visits.COOKIE] = signing.get_cookie_signer(salt=visits.COOKIE).sign(FLOW)
    common = {
        "store": store,
        "code_hash": "0" * 64,
        "code_tail": "5678",
        "channel": "guest",
        "flow": FLOW,
    }
    read = {"status": "done", "read_at": timezone.now(), "sku_name": "alpha"}
    lookups = [
        Lookup.objects.create(**common),
        Lookup.objects.create(**common, **read, is_unused=True),
    ]
    lookups += [
        Lookup.objects.create(**common, **read, is_unused=False, reason=reason)
        for reason in Reason.values
    ]
    tokens = [visits.seal_look(visits.Look(lookup.pk, CODE)) for lookup in lookups]
    pages = [
        reverse("coupons:guest-coupon", args=[store.guest_slug, token])
        for token in [*tokens, "stale"]
    ]
    assert [client.get(page).status_code for page in pages] == [200] * len(lookups) + [404]
    assert language.wrong_on(client, *pages) == {}


@IN_BOTH
def test_what_a_guest_reads_about_the_result_is_in_one_language(language: Language) -> None:
    store, client = world().mine.store, language.client()
    tokens = [visits.sign_result(row.pk) for row in in_every_state(store)]
    pages = [reverse("coupons:guest-result", args=[store.guest_slug, token]) for token in tokens]
    assert {client.get(page).status_code for page in pages} == {200}
    assert language.wrong_on(client, *pages) == {}


def test_times_read_the_same_in_lists_and_on_pages() -> None:
    made = world()
    row = made.mine.rows["coupons.Verification"]
    Verification.objects.filter(pk=row.pk).update(created_at="2026-11-22T00:35:12Z")
    client = LANGUAGES[0].client(made.people["owner"])
    assert (
        "2026-11-22 08:35:12"
        in client.get(url("coupons.Verification", "changelist")).content.decode()
    )
    page = client.get(url("coupons.Verification", "change", row)).content.decode()
    assert ("2026-11-22 08:35:12" in page, "2026年" in page) == (True, False)
