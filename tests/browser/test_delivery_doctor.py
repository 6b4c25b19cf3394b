"""The set-up check and the delivery drill in a browser, on a desk and on a phone."""

from collections.abc import Callable, Iterator

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from playwright.sync_api import Page, expect
from pytest_django.fixtures import Settings

from delivery import tasks
from delivery.drill import Drill
from delivery.models import DoctorRun, StoreCourier
from stores.drills import runner
from stores.models import DrillRun
from stores.roles import Role
from tests.browser.conftest import Visitor
from tests.delivery.doctor.conftest import change
from tests.delivery.town import APPID, Town, town_of
from tests.delivery.webhooks.pushing import KEY, SECRETS, TOKEN
from tests.stores.factories import member

SIZES = pytest.mark.parametrize(("width", "height"), [(1280, 860), (360, 780)])


@pytest.fixture
def town(visitor: Visitor, settings: Settings) -> Iterator[Town]:
    settings.PUBLIC_BASE_URL = visitor.url
    with town_of(settings) as made:
        connection = made.place.connection
        change(connection, **SECRETS)
        callback = visitor.url + reverse("delivery:push", args=[connection.pk])
        known = {"push_token": TOKEN, "aes_key": KEY, "callback": callback, "mode": "secure"}
        made.post("apps", {"appid": APPID, **known})
        yield made


@pytest.fixture
def owner(town: Town) -> User:
    return member(town.place.store.merchant, Role.OWNER, username="linxiaomei")


@SIZES
def test_a_check_is_pressed_followed_and_read(
    visitor: Visitor,
    town: Town,
    owner: User,
    kept: Callable[[Page, str], None],
    width: int,
    height: int,
) -> None:
    row = StoreCourier.objects.get(account__delivery_id="DADA")
    row.secret = "another one"
    row.save()
    page = visitor.page(width=width, height=height, user=owner)
    page.goto(reverse("delivery:doctor", args=[town.place.pk]))
    kept(page, "doctor-before")
    page.locator("main form button").click()
    expect(page.locator("main progress")).to_be_visible()
    expect(page.locator(".checks li")).to_have_count(10)
    kept(page, "doctor-waits")
    tasks.check_set_up(DoctorRun.objects.get().pk)
    expect(page.locator(".checks li.wrong")).to_have_count(1)
    expect(page.locator("#secret")).to_contain_text("2003")
    expect(page.locator("main progress")).to_have_count(0)
    kept(page, "doctor-after")
    town.switch(refuses_tokens_with=40164)
    page.locator("main form button").click()
    tasks.check_set_up(DoctorRun.objects.get().pk)
    expect(page.locator("#address code")).to_have_text("203.0.113.7")
    kept(page, "doctor-refused")


@SIZES
def test_a_drill_is_read(
    visitor: Visitor,
    town: Town,
    owner: User,
    kept: Callable[[Page, str], None],
    width: int,
    height: int,
) -> None:
    page = visitor.page(width=width, height=height, user=owner)
    page.goto(reverse("admin:delivery_drillrun_changelist"))
    kept(page, "drill-runs")
    page.locator("form.zg-drill-start button").click()
    expect(page.locator("#drill progress")).to_be_visible()
    runner.run(Drill(DrillRun.objects.get()))
    expect(page.locator(".zg-checks li")).to_have_count(len(Drill.checklist.names()))
    expect(page.locator("p.zg-failed")).to_have_count(0)
    kept(page, "drill-run")
