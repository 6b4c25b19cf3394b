"""A store with printers on real sockets, which share no code with what prints on them."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

import pytest
from pytest_django.fixtures import Settings

from config.printing import PrintingSettings
from messaging.choices import PaperState
from messaging.models import Order, Printer, PrintJob, TakeawayStore
from messaging.sandbox.printer import Printer as PaperPrinter
from messaging.sandbox.settings import Settings as Switches
from messaging.services import deciding
from tests.messaging.factories import PrinterFactory
from tests.messaging.meituan import Meituan, deliver_all, meituan_of

QUICK = PrintingSettings(
    connect=1.0, before=0.4, send=2.0, after=0.4, paper=0.02, budget=5.0, soonest=0.0
)


@dataclass
class Device:
    """A printer: what stands in our table, and what stands in the shop."""

    row: Printer
    paper: PaperPrinter
    switches: Switches

    def set(self, **changes: object) -> None:
        for name, value in changes.items():
            setattr(self.switches, name, value)

    @property
    def state(self) -> str:
        self.row.refresh_from_db()
        return self.row.state

    @property
    def texts(self) -> list[str]:
        return [sheet.as_json()["text"] for sheet in self.paper.sheets]


@contextmanager
def running(store: TakeawayStore, **fields: object) -> Iterator[Device]:
    switches = Switches()
    paper = PaperPrinter(lambda: switches)
    paper.start()
    try:
        row = PrinterFactory(store=store.store, address=paper.address, **fields)
        yield Device(row, paper, switches)
    finally:
        paper.stop()


@pytest.fixture
def add_printer(
    transactional_db: None, binding: TakeawayStore, settings: Settings
) -> Iterator[Callable[..., Device]]:
    """Puts another printer into the store."""
    settings.TAKEAWAY_PRINTER_NETWORKS = ["127.0.0.0/8"]
    settings.PRINTING = QUICK
    with ExitStack() as stack:
        yield lambda **fields: stack.enter_context(running(binding, **fields))


@pytest.fixture
def device(add_printer: Callable[..., Device]) -> Device:
    """A printer that prints one copy for the kitchen."""
    return add_printer()


@pytest.fixture
def meituan(
    transactional_db: None, quick: None, binding: TakeawayStore, settings: Settings
) -> Iterator[Meituan]:
    with meituan_of(binding, settings) as made:
        yield made


@dataclass
class Counter:
    """Accepts orders, as the shop's people do."""

    meituan: Meituan
    orders: list[Order] = field(default_factory=list)

    def accept(self, **changes: object) -> Order:
        order = self.meituan.known(**changes)
        deciding.order_accept(order=order, actor=None)
        deliver_all()
        order.refresh_from_db()
        self.orders.append(order)
        return order


@pytest.fixture
def counter(meituan: Meituan) -> Counter:
    return Counter(meituan)


def states(order: Order | None = None) -> list[str]:
    """Returns the states of the receipts, of one order or of all, in the order of their making."""
    rows = PrintJob.objects.order_by("pk")
    if order is not None:
        rows = rows.filter(order=order)
    return list(rows.values_list("state", flat=True))


def reports(meituan: Meituan) -> int:
    """Delivers what is owed; returns how often Meituan was told that an order is printed."""
    deliver_all()
    return len(meituan.server.arrivals.all(operation="order/reportMetrics"))


QUEUED, SENT, UNKNOWN = [PaperState.QUEUED], [PaperState.SENT], [PaperState.UNKNOWN]
CONFIRMED, SKIPPED = [PaperState.CONFIRMED], [PaperState.SKIPPED]
