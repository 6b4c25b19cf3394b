"""WeChat is asked for tickets that do not come, at a pace, and it is said."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone, translation
from pytest_django.fixtures import Settings
from pytest_django.live_server_helper import LiveServer

import delivery.webhooks.handlers  # noqa: F401
from delivery.admin.steps import next_steps
from delivery.dashboard import operator_alerts
from delivery.sandbox import WechatSandbox
from delivery.services import tickets
from delivery.tasks import ask_for_tickets
from stores.models import Connection, InboundEvent
from stores.sandbox import SandboxServer
from tests.delivery.services.providers import COMPONENT, SECRET, World, at_once
from tests.delivery.webhooks.pushing import SECRETS, handle_all
from tests.delivery.wechat_sandbox.calling import post
from tests.processes import wait_until

pytestmark = pytest.mark.django_db(transaction=True)
START = "component/api_start_push_ticket"
MINUTE = timedelta(minutes=1)


@pytest.fixture
def world(settings: Settings, live_server: LiveServer) -> Iterator[World]:
    """A provider to whom WeChat pushes nothing by itself."""
    with SandboxServer([WechatSandbox()]) as server:
        settings.WECHAT_BASE_URL = f"{server.url}/wechat"
        post(server, "settings", {"ticket_seconds": 0})
        made = World.made(server)
        made.provider.credentials |= SECRETS
        made.provider.save()
        callback = f"{live_server.url}/wechat/{made.provider.pk}/tickets/"
        post(server, "providers", {"appid": COMPONENT, "callback": callback, **SECRETS})
        silent_for(made, 60 * MINUTE)
        yield made


@pytest.fixture
def english() -> Iterator[None]:
    with translation.override("en"):
        yield


def silent_for(world: World, span: timedelta) -> None:
    at = timezone.now() - span
    row = Connection.objects.get(pk=world.provider.pk)
    row.created_at = at
    row.credentials |= {"ticket_at": int(at.timestamp())}
    row.save()


def asked_before(world: World, span: timedelta) -> None:
    row = Connection.objects.get(pk=world.provider.pk)
    row.credentials |= {"tickets_asked_at": int((timezone.now() - span).timestamp())}
    row.save()


def known(world: World) -> dict[str, Any]:
    found: dict[str, Any] = Connection.objects.get(pk=world.provider.pk).credentials
    return found


def said(world: World) -> str:
    alerts = [str(alert.text) for alert in operator_alerts()]
    return " ".join(text for text in alerts if "tickets" in text or "ticket" in text)


def test_tickets_that_have_stopped_are_asked_for_and_come(world: World) -> None:
    before = known(world)["ticket"]
    ask_for_tickets()
    assert world.calls(START) == 1
    wait_until(lambda: InboundEvent.objects.filter(kind="component_verify_ticket").exists())
    handle_all()
    assert known(world)["ticket"] not in ("", before)
    assert known(world)["secret"] == SECRET
    assert tickets.silence_of(Connection.objects.get(pk=world.provider.pk)) is None
    assert said(world) == ""


@pytest.mark.parametrize(("minutes", "count"), [(9, 0), (34, 0), (36, 1), (13 * 60, 1)])
def test_wechat_is_asked_when_three_tickets_in_a_row_are_missing(
    world: World, minutes: int, count: int
) -> None:
    silent_for(world, minutes * MINUTE)
    ask_for_tickets()
    assert world.calls(START) == count


def test_it_is_asked_again_only_after_half_an_hour(world: World) -> None:
    post(world.server, "settings", {"pushes": "lose"})
    for _time in range(3):
        ask_for_tickets()
    assert world.calls(START) == 1
    asked_before(world, 29 * MINUTE)
    ask_for_tickets()
    assert world.calls(START) == 1
    asked_before(world, 31 * MINUTE)
    ask_for_tickets()
    assert world.calls(START) == 2


def test_of_several_workers_one_asks(world: World) -> None:
    at_once(*[ask_for_tickets] * 4)
    assert world.calls(START) == 1


def test_that_it_was_asked_and_what_it_refused_is_said(world: World, english: None) -> None:
    assert "Check the address" in said(world)
    assert "asked for them" not in said(world)
    ask_for_tickets()
    assert "It was asked for them at" in said(world)
    assert "without success" not in said(world)
    asked_before(world, 60 * MINUTE)
    post(world.server, "providers", {"appid": COMPONENT, "secret": "another one"})
    ask_for_tickets()
    assert "without success: WeChat does not accept the AppSecret" in said(world)
    assert "40125" in known(world)["tickets_problem"]
    assert SECRET not in said(world)


@pytest.mark.parametrize("kind", ["drop_before", "status_502", "html", "half_body"])
def test_strange_answers_are_noted_and_break_nothing(world: World, kind: str) -> None:
    world.server.faults.add(kind=kind, operation=START)
    ask_for_tickets()
    assert known(world)["tickets_problem"]
    assert world.calls(START) <= 1


def test_where_tickets_are_being_pushed_already_wechat_says_so(world: World) -> None:
    post(world.server, "settings", {"ticket_seconds": 600})
    post(world.server, f"providers/{COMPONENT}/ticket", {})
    ask_for_tickets()
    assert known(world)["tickets_problem"] == ""


def test_the_providers_page_says_it_while_it_lasts(world: World, english: None) -> None:
    titles = [str(step.title) for step in next_steps(world.provider)]
    assert "Have WeChat send tickets" not in titles
    row = Connection.objects.get(pk=world.provider.pk)
    assert "Have WeChat send tickets" in [str(step.title) for step in next_steps(row)]


@pytest.mark.parametrize("missing", ["secret", "active"])
def test_who_cannot_be_asked_for_is_left_alone(world: World, missing: str) -> None:
    row = Connection.objects.get(pk=world.provider.pk)
    row.credentials = {**row.credentials, **({"secret": ""} if missing == "secret" else {})}
    row.is_active = missing != "active"
    row.save()
    ask_for_tickets()
    assert world.calls(START) == 0
