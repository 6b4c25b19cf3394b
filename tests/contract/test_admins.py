"""Every admin, every role: who gets in, and that nobody ever sees a row, a choice or a name of
another merchant.

A new admin needs an entry in ADMINS of its app's tests/<app>/contract.py, and a row in its
admin_rows.
"""

from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin.utils import quote
from django.contrib.auth.models import User
from django.db import models
from django.test import Client
from django.urls import reverse

from stores.backoffice import menu
from stores.backoffice.base import ScopedAdmin
from stores.backoffice.filters import DayFilter, ScopedRelatedFilter
from stores.domains import domains
from stores.models import Staff
from tests.contract.collected import dicts, without_entry
from tests.contract.kinds import NOBODY, Expect
from tests.contract.two_merchants import HIDDEN, MINE, THEIRS, World

pytestmark = pytest.mark.usefixtures("made")
ROLES = ("clerk", "manager", "owner", "stranger", "operator", "anonymous")
RANK = {"clerk": 0, "manager": 1, "owner": 2, "stranger": 2, "operator": 3}
EXPECTED: dict[str, Expect] = dicts("ADMINS")
EXPORTS: dict[str, str] = dicts("EXPORTS")
ADMINS: dict[str, Any] = {model._meta.label: made for model, made in admin.site._registry.items()}
EVERY = pytest.mark.parametrize("label", sorted(EXPECTED))


def reaches(role: str, least: str) -> bool:
    return least != NOBODY and RANK[role] >= RANK[least]


def status_of_list(role: str, least: str) -> int:
    if role == "anonymous":
        return 302
    return 200 if reaches(role, least) else 403


def status_of_row(role: str, expect: Expect) -> int:
    """What looking at the row of my merchant answers."""
    if role == "anonymous":
        return 302
    if not reaches(role, expect.view):
        return 403
    return 404 if role == "stranger" or role in expect.unseen else 200


def signed_in(user: User | None) -> Client:
    client = Client()
    client.cookies["django_language"] = "en"
    if user:
        client.force_login(user)
    return client


def url(label: str, page: str, row: models.Model | None = None) -> str:
    name = f"admin:{label.replace('.', '_').lower()}_{page}"
    return reverse(name, args=[quote(row.pk)] if row else [])


def statuses(made: World, address: str) -> dict[str, int]:
    return {role: signed_in(made.people[role]).get(address).status_code for role in ROLES}


def contents(row: models.Model) -> dict[str, object]:
    """All columns; signing in writes one of them."""
    columns: dict[str, object] = type(row)._default_manager.filter(pk=row.pk).values().get()
    return {name: value for name, value in columns.items() if name != "last_login"}


def leaks(text: str, role: str) -> list[str]:
    """Words on a page that this role must not read there."""
    forbidden = {"stranger": [MINE], "operator": [], "owner": [THEIRS]}.get(role, [THEIRS, HIDDEN])
    return [word for word in forbidden if word in text]


def test_every_admin_is_scoped_and_has_an_entry() -> None:
    needed = [(type(made).__module__.split(".")[0], label) for label, made in ADMINS.items()]
    assert without_entry("ADMINS", needed, EXPECTED) == []
    assert set(ADMINS) == set(EXPECTED)
    assert [label for label, made in ADMINS.items() if not isinstance(made, ScopedAdmin)] == []


@EVERY
def test_pages_open_for_the_right_people(label: str, made: World) -> None:
    expect = EXPECTED[label]
    row = made.row(label)
    of_row = {role: status_of_row(role, expect) for role in ROLES}
    expected = {
        "changelist": {role: status_of_list(role, expect.view) for role in ROLES},
        "add": {role: status_of_list(role, expect.add) for role in ROLES},
        "change": of_row,
        "history": of_row,
        "delete": {role: 403 if status == 200 else status for role, status in of_row.items()},
    }
    found = {
        page: statuses(made, url(label, page, None if page in ("changelist", "add") else row))
        for page in expected
    }
    assert found == expected
    for role in ROLES:
        signed_in(made.people[role]).post(url(label, "delete", row), {"post": "yes"})
    assert type(row)._default_manager.filter(pk=row.pk).exists()


@EVERY
def test_who_may_only_look_cannot_change(label: str, made: World) -> None:
    row, expect = made.row(label), EXPECTED[label]
    before = contents(row)
    for role in ROLES:
        if role not in ("anonymous", "stranger") and not reaches(role, expect.change):
            posted = signed_in(made.people[role]).post(
                url(label, "change", row), {"name": "changed"}
            )
            seen = status_of_row(role, expect)
            assert (role, posted.status_code) == (role, 404 if seen == 404 else 403)
    assert signed_in(made.people["stranger"]).post(url(label, "change", row), {}).status_code in (
        403,
        404,
    )
    assert contents(row) == before


@EVERY
def test_no_page_names_another_merchant(label: str, made: World) -> None:
    """Lists with their filters, forms with their choices, rows, histories."""
    for role in ("clerk", "manager", "owner", "stranger"):
        own = made.theirs if role == "stranger" else made.mine
        pages = [url(label, "changelist"), url(label, "changelist") + "?q=a", url(label, "add")]
        if row := own.rows.get(label):
            pages += [url(label, "change", row), url(label, "history", row)]
        client = signed_in(made.people[role])
        found = {page: leaks(client.get(page).content.decode(), role) for page in pages}
        assert (role, found) == (role, {page: [] for page in pages})


RELATED_FILTERS = [
    (label, chosen[0])
    for label, made in sorted(ADMINS.items())
    for chosen in made.list_filter
    if isinstance(chosen, tuple) and issubclass(chosen[1], ScopedRelatedFilter)
]


@pytest.mark.parametrize(("label", "path"), RELATED_FILTERS)
def test_a_list_filtered_by_anothers_row_stays_empty(label: str, path: str, made: World) -> None:
    """Related filters take a primary key from the address: another merchant's must find nothing and
    name nobody.
    """
    owner = signed_in(made.people["owner"])
    model = ADMINS[label].model
    for part in path.split("__"):
        model = model._meta.get_field(part).related_model
    other = made.theirs.rows[model._meta.label]
    answer = owner.get(url(label, "changelist"), {f"{path}__id__exact": str(other.pk)})
    assert list(answer.context["cl"].result_list) == []
    assert leaks(answer.content.decode(), "owner") == []


@pytest.mark.parametrize("label", sorted(ADMINS))
def test_a_filter_by_a_value_that_cannot_be_is_no_error(label: str) -> None:
    """Filters take any field's name and any value from the address."""
    made = ADMINS[label]
    asked = [("pk__in", str(2**63)), ("pk__in", "9" * 401), ("pk__in", "\x00")]
    moments = [
        field.name for field in made.model._meta.fields if isinstance(field, models.DateTimeField)
    ]
    asked += [(f"{name}__gte", "0001-01-01") for name in moments[:1]]
    for chosen in made.list_filter:
        if isinstance(chosen, str):
            asked.append((f"{chosen}__exact", "\x00"))
        elif isinstance(chosen, tuple) and chosen[1] is DayFilter:
            asked += [(f"{chosen[0]}_from", "0001-01-01"), (f"{chosen[0]}_to", "9999-12-31")]
    client = signed_in(User.objects.create_superuser("root"))
    for name, value in asked:
        shown = client.get(url(label, "changelist"), {name: value}).status_code
        assert (name, shown) in ((name, 200), (name, 302), (name, 400))
        if label in EXPORTS:
            exported = client.get(url(label, "csv"), {name: value}).status_code
            assert (name, exported) in ((name, 200), (name, 400))


@pytest.mark.parametrize(
    "label", [label for label, made in sorted(ADMINS.items()) if made.opts.many_to_many]
)
def test_a_choice_that_no_row_can_have_is_refused(label: str) -> None:
    client = signed_in(User.objects.create_superuser("root"))
    if client.get(url(label, "add")).status_code == 403:
        return
    for field in ADMINS[label].opts.many_to_many:
        answer = client.post(url(label, "add"), {field.name: ["1", "9" * 30]})
        form = answer.context["adminform"].form
        if field.name in form.fields:
            assert form.has_error(field.name, "invalid_choice"), form.errors


def test_related_filters_offer_only_own_rows() -> None:
    """A filter over a relation that is not scoped would list everybody's names."""
    unscoped = []
    for label, made in ADMINS.items():
        for chosen in made.list_filter:
            name = chosen[0] if isinstance(chosen, tuple) else chosen
            if not isinstance(name, str):
                continue
            parts, model = name.split("__"), made.model
            for part in parts:
                found = model._meta.get_field(part)
                model = found.related_model or model
            if found.is_relation and not issubclass(chosen[1], ScopedRelatedFilter):
                unscoped.append(f"{label}: {name}")
    assert unscoped == []


@pytest.mark.parametrize("role", ROLES)
def test_autocompletes_find_only_own_rows(role: str, made: World) -> None:
    client = signed_in(made.people[role])
    asked = 0
    for label, source in ADMINS.items():
        for relation in source.model._meta.get_fields():
            target = (
                getattr(relation.remote_field, "model", None)
                if relation.concrete and relation.is_relation
                else None
            )
            if (
                target is None
                or target._meta.label not in EXPECTED
                or not ADMINS[target._meta.label].search_fields
            ):
                continue
            app, model = label.split(".")
            answer = client.get(
                reverse("admin:autocomplete"),
                {
                    "app_label": app,
                    "model_name": model.lower(),
                    "field_name": relation.name,
                    "term": "",
                },
            )
            assert answer.status_code == status_of_list(role, EXPECTED[target._meta.label].view)
            assert leaks(answer.content.decode(), role) == []
            asked += 1
    assert asked > 10


@pytest.mark.parametrize("label", EXPORTS)
@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_exports_open_for_the_right_roles(kind: str, label: str, made: World) -> None:
    expected = {role: status_of_list(role, "manager") for role in ROLES}
    assert statuses(made, url(label, kind)) == expected


@pytest.mark.parametrize("label", EXPORTS)
@pytest.mark.parametrize("role", ["manager", "owner", "stranger"])
def test_exports_name_no_other_merchant(role: str, label: str, made: World) -> None:
    text = signed_in(made.people[role]).get(url(label, "csv")).getvalue().decode()
    assert (EXPORTS[label] in text, leaks(text, role)) == (True, [])


@pytest.mark.parametrize(
    ("label", "page"), [(label, page) for label, each in EXPECTED.items() for page in each.pages]
)
def test_further_pages_of_a_row_open_for_the_right_people(
    label: str, page: str, made: World
) -> None:
    expect = Expect(EXPECTED[label].pages[page])
    expected = {role: status_of_row(role, expect) for role in ROLES}
    assert statuses(made, url(label, page, made.row(label))) == expected


@pytest.mark.parametrize(
    "label", [label for label in sorted(EXPECTED) if getattr(ADMINS.get(label), "buttons", ())]
)
def test_buttons_refuse_strangers_and_lower_roles(label: str, made: World) -> None:
    row, source = made.row(label), ADMINS[label]
    assert set(EXPECTED[label].buttons) <= set(source.buttons)
    for name in source.buttons:
        address = f"{url(label, 'change', row).removesuffix('change/')}do/{name}/"
        by_stranger = signed_in(made.people["stranger"]).post(address).status_code
        assert by_stranger == status_of_row("stranger", EXPECTED[label])
        assert signed_in(None).post(address).status_code == 302
        by_clerk = signed_in(made.people["clerk"]).post(address).status_code
        assert (name, by_clerk == 403) == (name, name not in EXPECTED[label].buttons)


@pytest.mark.parametrize("page", ["index", "todo", "me"])
@pytest.mark.parametrize("role", ["clerk", "manager", "owner", "stranger"])
def test_the_overview_names_no_other_merchant(role: str, page: str, made: World) -> None:
    answer = signed_in(made.people[role]).get(reverse(f"admin:{page}"))
    assert (answer.status_code, leaks(answer.content.decode(), role)) == (200, [])
    assert signed_in(None).get(reverse(f"admin:{page}")).status_code == 302


def test_somebody_who_lost_the_last_role_gets_in_nowhere(made: World) -> None:
    Staff.objects.filter(user=made.people["owner"]).update(is_active=False)
    client = signed_in(made.people["owner"])
    assert {client.get(url(label, "changelist")).status_code for label in EXPECTED} == {302}


# Django's groups are not used; tasks that went well are looked up from nowhere.
IN_NO_MENU = {"auth.Group", "django_q.Success"}


def test_a_column_of_ours_has_the_name_of_no_field() -> None:
    """Django would show the field and never ask the column."""
    hidden = [
        f"{label}.{name}"
        for label, made in ADMINS.items()
        for name in made.list_display
        if hasattr(made, name) and name in {field.name for field in made.model._meta.fields}
    ]
    assert hidden == []


def test_every_list_is_in_the_menu() -> None:
    items = [*menu.ITEMS, *(item for domain in domains() for item in domain.menu)]
    led_to = {item.url_name for item in items}
    without = {
        label
        for label in ADMINS
        if f"admin:{label.replace('.', '_').lower()}_changelist" not in led_to
    }
    assert without == IN_NO_MENU & set(ADMINS)
