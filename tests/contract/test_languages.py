"""Every page in Chinese holds no English, and in English no Chinese; a new admin is walked once it
is registered.
"""

from collections.abc import Callable

import pytest
from django.contrib import admin
from django.contrib.admin.utils import quote
from django.contrib.auth.models import User
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils.translation import override

from stores.roles import Role
from stores.web import errors
from tests.contract.languages import IN_BOTH, Language, nothing_typed
from tests.contract.two_merchants import World, plainly_named
from tests.stores.factories import MerchantFactory, member

pytestmark = pytest.mark.usefixtures("made")
ADMINS = {model._meta.label: made for model, made in admin.site._registry.items()}
APPS = sorted({label.partition(".")[0] for label in ADMINS})
HINT = "translate it (make messages); a name goes into ENGLISH of tests/<app>/contract.py"
FLOW = "guest:" + "a" * 32
CODE = "700012345678"


def url(label: str, page: str, row: models.Model | None = None) -> str:
    name = f"admin:{label.replace('.', '_').lower()}_{page}"
    return reverse(name, args=[quote(row.pk)] if row else [])


@pytest.fixture
def made(made: World) -> World:
    return plainly_named(made)


def operator_of(made: World) -> User:
    operator = made.people["operator"]
    assert operator
    return operator


@IN_BOTH
@pytest.mark.parametrize("label", sorted(ADMINS))
def test_lists_forms_and_histories_are_in_one_language(
    label: str, language: Language, made: World
) -> None:
    row, client = made.row(label), language.client(operator_of(made))
    pages = [url(label, "changelist"), url(label, "changelist") + "?q=nothing", url(label, "add")]
    pages += [url(label, page, row) for page in ("change", "delete", "history")]
    pages += [
        f"{url(label, 'change', row).removesuffix('change/')}do/{name}/" for name in asking(label)
    ]
    assert language.wrong_on(client, *pages) == {}, HINT


def asking(label: str) -> list[str]:
    """The buttons of an admin that show a form first."""
    made = ADMINS[label]
    return [name for name in getattr(made, "buttons", ()) if getattr(made, name).button.form]


@IN_BOTH
@pytest.mark.parametrize(
    "label", [label for label, made in ADMINS.items() if made.add_form_template is None]
)
def test_complaints_about_an_empty_form_are_in_one_language(
    label: str, language: Language, made: World
) -> None:
    client, page = language.client(operator_of(made)), url(label, "add")
    answer = client.post(page, nothing_typed(client, page))
    assert language.foreign(answer.content.decode()) == []


@IN_BOTH
@pytest.mark.parametrize("role", ["clerk", "manager", "owner", "operator"])
def test_start_pages_are_in_one_language(role: str, language: Language, made: World) -> None:
    client = language.client(made.people[role])
    pages = [
        reverse("admin:index"),
        reverse("admin:password_change"),
        reverse("admin:password_change_done"),
    ]
    pages += [reverse("admin:app_list", args=[app]) for app in APPS]
    assert language.wrong_on(client, *pages) == {}


@IN_BOTH
def test_the_overview_of_a_new_merchant_is_in_one_language(language: Language) -> None:
    owner = member(MerchantFactory(name="alpha"), Role.OWNER, username="alpha")
    page = reverse("admin:index")
    assert language.wrong_on(language.client(owner), page) == {}


@IN_BOTH
def test_signing_in_and_out_is_in_one_language(language: Language, made: World) -> None:
    client = language.client()
    page = reverse("admin:login")
    assert language.wrong_on(client, page) == {}
    wrong = client.post(page, {"username": "alpha", "password": "wrong"})
    assert language.foreign(wrong.content.decode()) == []
    client.force_login(operator_of(made))
    assert language.foreign(client.post(reverse("admin:logout")).content.decode()) == []


@IN_BOTH
def test_a_users_password_form_is_in_one_language(language: Language, made: World) -> None:
    clerk = made.mine.people["clerk"]
    page = reverse("admin:auth_user_do", args=[clerk.pk, "renew_password"])
    client = language.client(operator_of(made))
    assert language.wrong_on(client, page) == {}
    assert language.foreign(client.post(page).content.decode()) == []


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
