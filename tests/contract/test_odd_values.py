"""No value of a form or of a page's address is an error of ours."""

from itertools import product
from typing import Any

import pytest
from django import forms
from django.contrib.auth.models import User

from tests.contract.test_admins import ADMINS, signed_in, url
from tests.contract.two_merchants import World

pytestmark = pytest.mark.usefixtures("made")
NUMBERS = ("2147483648", "9" * 60, "NaN")
DAYS = ("0001-01-01", "9999-12-31", "2026-02-30")
TEXTS = ("\x00", "\u202e", "9" * 5000)

# What Django's own pages ask in an address.
ASKED = ("_to_field", "_popup", "_changelist_filters")


def odd(field: forms.Field) -> tuple[str, ...]:
    """Values that no person enters, of the kind that the field takes."""
    if isinstance(field, forms.IntegerField):
        return NUMBERS
    return DAYS if isinstance(field, forms.DateField | forms.SplitDateTimeField) else TEXTS


def filled(fields: dict[str, forms.Field], which: int) -> dict[str, str]:
    values = {name: odd(field)[which] for name, field in fields.items()}
    # The two boxes of a moment.
    return values | {f"{name}_{box}": value for name, value in values.items() for box in (0, 1)}


@pytest.mark.parametrize("label", sorted(ADMINS))
def test_no_value_of_a_form_or_of_its_address_is_an_error_of_ours(label: str, made: World) -> None:
    row = made.row(label)
    client = signed_in(User.objects.create_superuser("root"))
    for name, value in product(ASKED, ("", "abc", "\x00", "9" * 30)):
        status = client.get(url(label, "change", row), {name: value}).status_code
        assert (name, value, status in (200, 302, 400)) == (name, value, True)
    for address in (url(label, "change", row), url(label, "add")):
        page: Any = client.get(address)
        if page.status_code != 200 or "adminform" not in (page.context or {}):
            continue
        fields = page.context["adminform"].form.fields
        for which in range(len(TEXTS)):
            status = client.post(address, filled(fields, which)).status_code
            assert (which, status in (200, 302, 400, 403)) == (which, True)
