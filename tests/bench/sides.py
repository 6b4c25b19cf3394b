"""Two databases, alike but for the length of their past, each with its own web server: does
anything grow slower?
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from stores.models import Merchant
from stores.roles import Role
from tests.bench import database, load, web
from tests.bench.context import Bench
from tests.bench.load import Load
from tests.bench.processes import Broken
from tests.bench.report import Figure, median, milliseconds, percentile
from tests.bench.web import Web
from tests.stores.factories import member

FEW, MANY, MANY_QUICK = 1_000, 300_000, 30_000


@dataclass(frozen=True)
class Page:
    """Something that is read: where, and with which headers. `target` is how many times as long it
    may take with the long past.
    """

    where: str | Callable[[], str]
    headers: dict[str, str]
    status: int = 200
    target: float | None = None

    @property
    def path(self) -> str:
        return self.where if isinstance(self.where, str) else self.where()


@dataclass(frozen=True)
class Growth:
    """`copy(first, last)` writes that part of the past.

    `work` is timed against a server, and leaves no trace.
    """

    name: str
    rows: str
    work_name: str
    copy: Callable[[int, int], None]
    warm_up: Callable[[Web], None]
    work: Callable[[Web], Load]
    pages: dict[str, Page]


@dataclass
class Side:
    """One of the two databases with its own web server, and what was measured there."""

    past: int
    web: Web
    loads: list[Load] = field(default_factory=list)
    pages: dict[str, list[float]] = field(default_factory=dict)
    queries: dict[str, int] = field(default_factory=dict)


def owner_of(merchant: Merchant) -> dict[str, str]:
    """The cookie of an owner who is signed in."""
    client = Client()
    client.force_login(member(merchant, Role.OWNER))
    return {
        "Cookie": "; ".join(f"{name}={morsel.value}" for name, morsel in client.cookies.items())
    }


def compare(bench: Bench, growth: Growth) -> None:
    many = bench.size(MANY, MANY_QUICK)
    _fill(growth, many)
    small = Side(FEW, web.start(bench.fleet, "web-small", DATABASE_URL=database.url(database.NAME)))
    large = Side(
        many, web.start(bench.fleet, "web-large", DATABASE_URL=database.url(database.LARGE))
    )
    try:
        growth.warm_up(small.web)
        growth.warm_up(large.web)
        for number in range(bench.size(5, 2)):
            # A B, then B A: whoever comes second meets a warmer machine.
            for side in (small, large) if number % 2 == 0 else (large, small):
                _measure(growth, side, database.NAME if side is small else database.LARGE)
    finally:
        bench.fleet.stop(small.web.running, large.web.running)
        database.point_at(database.NAME)
    _report(bench, growth, small, large)


def _fill(growth: Growth, many: int) -> None:
    growth.copy(1, FEW)
    database.clone()
    database.tidy()
    started = time.monotonic()
    database.point_at(database.LARGE)
    growth.copy(FEW + 1, many)
    database.tidy()
    print(f"  {many:,} {growth.rows} written in {time.monotonic() - started:.0f} s", flush=True)


def _measure(growth: Growth, side: Side, name: str) -> None:
    database.point_at(name)
    side.loads.append(growth.work(side.web))
    for title, page in growth.pages.items():
        side.pages.setdefault(title, []).extend(_gets(side.web, page))
        side.queries.setdefault(title, _queries(page))


def _gets(server: Web, page: Page) -> list[float]:
    """Seconds per answer; the first few find cold caches."""
    request = load.http("GET", page.path, headers=page.headers)
    return (
        load.drive(server.address, lambda _: request, count=12, connections=1)
        .expect(page.status)
        .latencies[2:]
    )


def _queries(page: Page) -> int:
    client, path = Client(), page.path
    # The first answer fills caches and notes when a key was used.
    client.get(path, headers=page.headers)
    with CaptureQueriesContext(connection) as captured:
        answer = client.get(path, headers=page.headers)
    if answer.status_code != page.status:
        raise Broken(f"HTTP {answer.status_code} for {path}")
    return len(captured)


def _words(loads: list[Load]) -> str:
    p99 = median([percentile(one.latencies, 0.99) for one in loads])
    return f"{median([one.rate for one in loads]):.0f}/s p99 {milliseconds(p99)}"


def _report(bench: Bench, growth: Growth, small: Side, large: Side) -> None:
    slower = median([one.rate for one in small.loads]) / median([one.rate for one in large.loads])
    sizes = f"{large.past:,} and {small.past:,} {growth.rows}"
    raw = f"{_words(large.loads)} and {_words(small.loads)} with {sizes}"
    bench.report.add(
        Figure(
            f"{growth.name}: time of {growth.work_name}", slower, raw, target=1.2, at_least=False
        )
    )
    for title, few in small.pages.items():
        many = large.pages[title]
        raw = (
            f"{large.queries[title]} and {small.queries[title]} queries, "
            f"{milliseconds(median(many))} and {milliseconds(median(few))} with {sizes}"
        )
        name, ratio = f"{growth.name}: time of the {title}", median(many) / median(few)
        target = growth.pages[title].target
        bench.report.add(Figure(name, ratio, raw, target, at_least=False))
