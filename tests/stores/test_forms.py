"""Mistakes of any form stand on top, and each leads to its field; fields come with their choice."""

import json
import re
from typing import Any

import pytest
from django.contrib import admin
from django.test import Client, RequestFactory

from stores.backoffice.dependent_fields import DependentFields
from stores.models import Merchant
from stores.roles import Role
from tests.coupons.factories import Shop
from tests.pages import english
from tests.stores.factories import StoreFactory, member
from tests.trip.factories import TicketConnectionFactory, TicketProductFactory

pytestmark = pytest.mark.django_db
PRODUCT = "/admin/trip/product/add/"


def mistakes(page: str) -> list[str]:
    """Returns the mistakes on top; each link among them leads to an element of the page."""
    top = re.search(r'<section class="errornote[^>]*role="alert".*?</section>', page, re.S)
    assert top, "no list of mistakes"
    lines = re.findall(r"<li>(.*?)</li>", top[0], re.S)
    for link in re.findall(r'href="#([^"]+)"', top[0]):
        assert f'id="{link}"' in page, link
    return [re.sub(r"<[^>]+>", "", line).strip() for line in lines]


@pytest.fixture
def owner(merchant: Merchant) -> Client:
    return english(member(merchant, Role.OWNER, password=None))


def filled(**fields: Any) -> dict[str, Any]:
    rows = {"refund_steps-TOTAL_FORMS": "1", "refund_steps-INITIAL_FORMS": "0"}
    return rows | {"refund_steps-0-minutes_before": "soon", "refund_steps-0-fee_mode": "1"} | fields


def test_mistakes_of_fields_folded_sections_and_rows_are_listed_on_top(
    owner: Client, merchant: Merchant
) -> None:
    TicketConnectionFactory(merchant=merchant)
    StoreFactory(merchant=merchant)
    data = filled(title="票", credential_types=["9"], min_per_order="3", max_per_order="2")
    page = owner.post(PRODUCT, data).content.decode()
    found = mistakes(page)
    for line in (
        "Meituan price (yuan): Enter a price.",
        "Most per order: This is less than the fewest per order.",
        "Refund step 1, Minutes before the last entry: Enter a whole number.",
    ):
        assert line in found, (line, found)
    assert any(line.startswith("Certificates accepted:") for line in found)
    folded = "".join(re.findall(r"<details>.*?</details>", page, re.S))
    assert ('name="subtitle"' in folded, 'name="max_per_order"' in folded) == (True, False)


def test_forms_outside_of_tables_list_their_mistakes_too(owner: Client, shop: Shop) -> None:
    linked = TicketConnectionFactory(merchant=shop.merchant)
    product = TicketProductFactory(
        connection=linked, store=shop.store, by_calendar=True, offer=False
    )
    client = english(member(shop.merchant, Role.OWNER, password=None))
    days = client.post(f"/admin/trip/product/{product.pk}/calendar/", {"sale_price": "x"})
    assert "From: This field is required." in mistakes(days.content.decode())
    password = client.post("/admin/password_change/", {"new_password1": "a"})
    assert "Old password: This field is required." in mistakes(password.content.decode())


def test_what_is_too_long_is_said_in_the_words_of_a_shop(owner: Client, merchant: Merchant) -> None:
    TicketConnectionFactory(merchant=merchant)
    StoreFactory(merchant=merchant)
    owner.cookies["django_language"] = "zh-hans"
    found = mistakes(owner.post(PRODUCT, filled(title="票" * 500)).content.decode())
    assert any("最多" in line and "现在是 500 个" in line for line in found), found


def test_a_form_without_mistakes_has_no_list_of_them(owner: Client, merchant: Merchant) -> None:
    TicketConnectionFactory(merchant=merchant)
    StoreFactory(merchant=merchant)
    assert "zg-mistakes" not in owner.get(PRODUCT).content.decode()


def test_the_rules_name_fields_of_their_forms(rf: RequestFactory, merchant: Merchant) -> None:
    request = rf.get("/admin/")
    request.user = member(merchant, Role.OWNER, password=None)
    found = [each for each in admin.site._registry.values() if _depends(each.form)]
    assert found, "no form has such fields"
    for each in found:
        form: Any = each.get_form(request)
        rows = {_prefix(inline, each) for inline in each.inlines}
        for names, other, values in json.loads(form.rules()):
            assert {*names, other} <= {*form.base_fields, *rows}, (each, names, other)
            choices = getattr(form.base_fields[other], "choices", None)
            known = {str(value) for value, _title in choices} if choices else {"True", "False"}
            assert set(values) <= known, (each, other)


def _depends(form: type) -> bool:
    return issubclass(form, DependentFields) and bool(form.shown_with)


def _prefix(inline: Any, parent: Any) -> str:
    fields = inline.model._meta.fields
    return str(next(f.related_query_name() for f in fields if f.related_model is parent.model))
