"""System checks of takeaway, and what its schedules do."""

from datetime import timedelta

import pytest
from django.core.checks import run_checks
from django.utils import timezone
from django.utils.module_loading import import_string
from pytest_django.fixtures import Settings

from messaging import tasks
from messaging.apps import MessagingConfig
from messaging.choices import OrderState
from messaging.models import Order, TakeawayStore
from stores.models import Connection, OutboundCall
from stores.platforms.workers import queue
from tests.messaging.factories import DeveloperFactory, OrderFactory, TakeawayStoreFactory
from tests.messaging.meituan import meituan_of


def found(*, deploy: bool = False) -> list[str]:
    return [str(each.id) for each in run_checks(include_deployment_checks=deploy)]


def test_a_timeout_longer_than_a_request_may_take_is_refused(settings: Settings) -> None:
    assert "messaging.E001" not in found()
    settings.TAKEAWAY_TIMEOUT = (3.0, 1000.0)
    assert "messaging.E001" in found()


@pytest.mark.parametrize(
    "listed", ["192.168.8.5/24", "printer.shop", "192.168.8.50:", "192.168.8.50:70000", ""]
)
def test_an_entry_that_is_no_network_of_printers_is_refused(
    settings: Settings, listed: str
) -> None:
    settings.TAKEAWAY_PRINTER_NETWORKS = ["192.168.8.0/24", "192.168.8.50:9100", "fd00:8::/64"]
    assert "messaging.E002" not in found()
    settings.TAKEAWAY_PRINTER_NETWORKS = ["192.168.8.0/24", listed]
    assert "messaging.E002" in found()


def test_plain_http_is_warned_of(settings: Settings) -> None:
    assert "messaging.W001" not in found(deploy=True)
    settings.TAKEAWAY_BASE_URL = "http://api.example.com"
    assert "messaging.W001" in found(deploy=True)


def test_every_schedule_has_a_function_and_a_title() -> None:
    for schedule in MessagingConfig.schedules:
        assert callable(import_string(schedule.task))
        assert str(MessagingConfig.task_titles[schedule.task])


@pytest.mark.django_db
def test_only_developer_accounts_that_work_are_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    bound = TakeawayStoreFactory()
    DeveloperFactory(is_active=False)
    woken: list[tuple[str, int]] = []
    monkeypatch.setattr(queue, "wake_worker", lambda name, pk: woken.append((name, pk)))
    tasks.reconcile_all()
    assert woken == [("messaging.tasks.reconcile", bound.connection.parent_id)]


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("quick")
def test_an_order_that_no_push_told_is_found_by_the_task(
    binding: TakeawayStore, settings: Settings
) -> None:
    with meituan_of(binding, settings) as meituan:
        number = meituan.place()
        assert binding.connection.parent_id
        tasks.reconcile(binding.connection.parent_id)
    order = Order.objects.get()
    assert (order.order_id, order.state) == (number, OrderState.NEW)
    assert order.missed.count() == 1


@pytest.mark.django_db
def test_a_booked_order_is_accepted_when_it_is_to_be_cooked(binding: TakeawayStore) -> None:
    TakeawayStore.objects.update(accepts_itself=True)
    now = timezone.now()
    OrderFactory(binding=binding, wanted_at=now + timedelta(minutes=binding.booked_minutes + 30))
    tasks.accept_due()
    assert not OutboundCall.objects.exists()
    soon = now + timedelta(minutes=binding.booked_minutes - 1)
    order = OrderFactory(binding=binding, wanted_at=soon)
    tasks.accept_due()
    assert OutboundCall.objects.get().subject_id == order.pk


@pytest.mark.django_db
def test_the_tasks_of_retention_run(binding: TakeawayStore) -> None:
    long_ago = timezone.now() - timedelta(days=1000)
    OrderFactory(
        binding=binding, state=OrderState.FINISHED, heard_at=long_ago, finished_at=long_ago
    )
    tasks.forget_addresses()
    assert "address" not in Order.objects.get().customer
    tasks.forget_customers()
    assert Order.objects.get().customer == {}
    assert Connection.objects.filter(platform="takeaway").count() == 2
