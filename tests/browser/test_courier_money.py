"""Couriers' bills and figures in a browser: a file is uploaded, compared and claimed."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import Page

from delivery.models import Attempt, StoreCourier
from stores.platforms.reading import BEIJING
from stores.roles import Role
from tests.browser.conftest import Visitor, fits
from tests.delivery.factories import AttemptFactory, QuoteFactory, StoreCourierFactory
from tests.delivery.money.files import HEADINGS, as_csv, line
from tests.stores.factories import member

pytestmark = pytest.mark.django_db(transaction=True)
NUMBERS = [f"ZG{number}-0a1b2c3d4e" for number in range(1, 9)]


@pytest.fixture
def courier(transactional_db: None) -> StoreCourier:
    """A courier that has delivered some orders today, one of which is not in its bill."""
    made: StoreCourier = StoreCourierFactory()
    now = timezone.now()
    for place, number in enumerate([*NUMBERS, "ZG9-0a1b2c3d4e"]):
        called = AttemptFactory(
            delivery__store=made.place.store,
            courier=made,
            shop_order_id=number,
            state=Attempt.State.DEAD if place == 1 else Attempt.State.DELIVERED,
            fee=Decimal("12.00"),
            tip=Decimal(2) if place == 2 else Decimal(0),
            deduction=Decimal("2.00") if place == 1 else None,
            seconds=1800,
            called_at=now,
            accepted_at=now + timedelta(seconds=20 + place),
            waybill_at=now + timedelta(minutes=25 + place),
            ended_at=now,
        )
        QuoteFactory(delivery=called.delivery, courier=made, shop_order_id=number, fee=12)
    return made


@pytest.fixture
def owner(courier: StoreCourier) -> User:
    return member(courier.place.store.merchant, Role.OWNER, password=None)


@pytest.fixture
def bill(tmp_path: Path) -> Path:
    today = timezone.now().astimezone(BEIJING).strftime("%Y-%m-%d 12:30:00")
    rows = [line(number) for number in NUMBERS]
    rows[2] = line(NUMBERS[2], tip="4.00")
    rows[3] = line(NUMBERS[3], fee="15.50")
    rows += [line(NUMBERS[4]), line("8800112233445566"), ["ZG5", "twelve", "", "", "", ""]]
    for row in rows:
        row[-1] = today
    file = tmp_path / "闪送账单2026年11月.csv"
    file.write_bytes(as_csv(("闪送对账单",), HEADINGS, *rows))
    return file


@pytest.mark.parametrize("width", [1280, 360])
def test_a_bill_is_uploaded_compared_and_claimed(
    visitor: Visitor,
    owner: User,
    bill: Path,
    width: int,
    screenshot: Callable[[Page, str], None],
) -> None:
    page = visitor.page(user=owner, width=width)
    page.goto("/wechat/bills/")
    assert fits(page)
    page.set_input_files("[name=file]", bill)
    page.click("[data-bill] button")
    page.wait_for_url("**/wechat/bills/*/")
    assert page.locator("[name=number]").input_value() == "0"
    assert fits(page)
    page.click("main form[method=post] button >> nth=0")
    page.wait_for_selector("#lines")
    assert page.locator("#lines tbody tr").count() == 7
    assert fits(page)
    with page.expect_download() as download:
        page.click("a[href$='.xlsx']")
    assert download.value.suggested_filename.endswith(".xlsx")
    page.goto("/wechat/bills/")
    assert page.locator("tbody tr").count() == 1
    assert fits(page)
    screenshot(page, f"courier-bills-{width}")


@pytest.mark.parametrize("width", [1280, 360])
def test_a_file_that_is_none_is_said_on_the_page(
    visitor: Visitor, owner: User, courier: StoreCourier, tmp_path: Path, width: int
) -> None:
    page = visitor.page(user=owner, width=width)
    page.goto("/wechat/bills/")
    file = tmp_path / "x.xlsx"
    file.write_bytes(b"a" * 5_000_001)
    page.set_input_files("[name=file]", file)
    page.click("[data-bill] button")
    trouble = page.locator("[data-trouble]")
    trouble.wait_for(state="visible")
    assert "5" in trouble.inner_text()
    # The same page takes another file.
    assert page.locator("[data-bill] button").is_enabled()


@pytest.mark.parametrize("width", [1280, 360])
def test_figures_are_shown(visitor: Visitor, owner: User, width: int) -> None:
    page = visitor.page(user=owner, width=width)
    page.goto("/wechat/figures/")
    assert page.locator("tbody tr").count() == 1
    assert fits(page)
