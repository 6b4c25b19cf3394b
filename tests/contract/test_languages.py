"""Every page in Chinese holds no English, and in English no Chinese; a new admin is walked once it is registered."""

from collections.abc import Callable

import pytest
from django.contrib import admin
from django.contrib.admin.utils import quote
from django.contrib.auth.models import User
from django.core import signing
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import override

from coupons.models import Batch, BatchItem, Lookup, Verification
from coupons.pages import guard, visits
from coupons.reasons import Reason
from stores.models import Connection, InboundEvent, Store
from stores.tenancy import Role
from stores.web import errors
from tests.contract import two_merchants
from tests.contract.languages import IN_BOTH, LANGUAGES, Language, nothing_typed
from tests.contract.two_merchants import World
from tests.coupons.factories import VerificationFactory
from tests.stores.factories import MerchantFactory, member

pytestmark = pytest.mark.django_db
ADMINS = {model._meta.label: made for model, made in admin.site._registry.items()}
APPS = sorted({label.partition(".")[0] for label in ADMINS})
FLOW = "guest:" + "a" * 32
CODE = "700012345678"


def url(label: str, page: str, row: models.Model | None = None) -> str:
    name = f"admin:{label.replace('.', '_').lower()}_{page}"
    return reverse(name, args=[quote(row.pk)] if row else [])


def world() -> World:
    """Two merchants whose rows all have names that can be told from the words around them."""
    made = two_merchants.world()
    for row in made.shared.values():
        if any(field.name == "name" for field in row._meta.fields):
            type(row)._default_manager.filter(pk=row.pk).update(name="alpha")
    type(made.shared["django_q.Schedule"])._default_manager.update(func="stores.tasks.sweep")
    return made


def operator_of(made: World) -> User:
    operator = made.people["operator"]
    assert operator
    return operator


@IN_BOTH
@pytest.mark.parametrize("label", sorted(ADMINS))
def test_lists_forms_and_histories_are_in_one_language(label: str, language: Language) -> None:
    made = world()
    row, client = made.row(label), language.client(operator_of(made))
    pages = [url(label, "changelist"), url(label, "changelist") + "?q=nothing", url(label, "add")]
    pages += [url(label, page, row) for page in ("change", "delete", "history")]
    pages += [
        f"{url(label, 'change', row).removesuffix('change/')}do/{name}/" for name in asking(label)
    ]
    assert language.wrong_on(client, *pages) == {}


def asking(label: str) -> list[str]:
    """The buttons of an admin that show a form first."""
    made = ADMINS[label]
    return [name for name in getattr(made, "buttons", ()) if getattr(made, name).button.form]


@IN_BOTH
@pytest.mark.parametrize(
    "label", [label for label, made in ADMINS.items() if made.add_form_template is None]
)
def test_complaints_about_an_empty_form_are_in_one_language(label: str, language: Language) -> None:
    made = world()
    client, page = language.client(operator_of(made)), url(label, "add")
    answer = client.post(page, nothing_typed(client, page))
    assert language.foreign(answer.content.decode()) == []


@IN_BOTH
@pytest.mark.parametrize("role", ["clerk", "manager", "owner", "operator"])
def test_start_pages_are_in_one_language(role: str, language: Language) -> None:
    made = world()
    client = language.client(made.people[role])
    pages = [
        reverse("admin:index"),
        reverse("admin:password_change"),
        reverse("admin:password_change_done"),
    ]
    pages += [reverse("admin:app_list", args=[app]) for app in APPS]
    assert language.wrong_on(client, *pages) == {}


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


@IN_BOTH
def test_the_overview_of_a_new_merchant_is_in_one_language(language: Language) -> None:
    owner = member(MerchantFactory(name="alpha"), Role.OWNER, username="alpha")
    page = reverse("admin:index")
    assert language.wrong_on(language.client(owner), page) == {}


@IN_BOTH
def test_signing_in_and_out_is_in_one_language(language: Language) -> None:
    made, client = world(), language.client()
    page = reverse("admin:login")
    assert language.wrong_on(client, page) == {}
    wrong = client.post(page, {"username": "alpha", "password": "wrong"})
    assert language.foreign(wrong.content.decode()) == []
    client.force_login(operator_of(made))
    assert language.foreign(client.post(reverse("admin:logout")).content.decode()) == []


@IN_BOTH
def test_a_users_password_form_is_in_one_language(language: Language) -> None:
    made = world()
    page = reverse("admin:auth_user_password_change", args=[made.mine.people["clerk"].pk])
    assert language.wrong_on(language.client(operator_of(made)), page) == {}


def in_every_state(store: Store) -> list[Verification]:
    """One verification for each status, refusal and remark."""
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
    monkeypatch.setattr(guard, "locked", lambda request, store: 300)
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


@IN_BOTH
@pytest.mark.parametrize(
    "page",
    [
        errors.bad_request,
        errors.csrf_failure,
        errors.forbidden,
        errors.not_found,
        errors.server_error,
        errors.unavailable,
    ],
)
def test_error_pages_are_in_one_language(
    page: Callable[[HttpRequest], HttpResponse], language: Language
) -> None:
    with override(language.code):
        answer = page(RequestFactory().get("/somewhere/"))
    assert language.foreign(answer.content.decode()) == []


def test_a_new_visitor_reads_chinese_whatever_the_browser_prefers() -> None:
    answer = Client().get(reverse("admin:login"), headers={"Accept-Language": "en-GB,en;q=0.9"})
    assert 'lang="zh-hans"' in answer.content.decode()


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
