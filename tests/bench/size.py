"""(d) Whether a long past makes anything slower: two databases, alike but for the number of past verifications."""

import time
from dataclasses import dataclass, field

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from stores.tenancy import Role
from tests.bench import database, load, past, web
from tests.bench.api import hold, round_of, words
from tests.bench.client import Caller, caller_of, post_queued
from tests.bench.context import Bench
from tests.bench.load import Load
from tests.bench.processes import Broken
from tests.bench.report import Figure, median, milliseconds
from tests.bench.shops import code_of, issue_codes, open_shop
from tests.bench.web import Web
from tests.factories import StoreFactory, member

STORES = 20
API_LIST = "/api/v1/verifications/"
CODES = 5_000_000


@dataclass
class Side:
    """One of the two databases with its own web server, and what was measured there."""

    past: int
    web: Web
    posts: list[Load] = field(default_factory=list)
    pages: dict[str, list[float]] = field(default_factory=dict)
    queries: dict[str, int] = field(default_factory=dict)


def run(bench: Bench) -> None:
    few, many = 1_000, bench.size(300_000, 30_000)
    caller = caller_of(open_shop(bench.sandbox))
    cookie, client = _owner(caller)
    _fill(bench, caller, few, many)
    small = Side(few, web.start(bench.fleet, "web-small", DATABASE_URL=database.url(database.NAME)))
    large = Side(many, web.start(bench.fleet, "web-large", DATABASE_URL=database.url(database.LARGE)))
    try:
        _measure(bench, caller, cookie, client, small, large)
    finally:
        bench.fleet.stop(small.web.running, large.web.running)
        database.point_at(database.NAME)
    _report(bench, small, large)


def _owner(caller: Caller) -> tuple[dict[str, str], Client]:
    """An owner who is signed in: the cookie for HTTP, and a test client for counting queries."""
    client = Client()
    client.force_login(member(caller.shop.store.merchant, Role.OWNER))
    return {"Cookie": "; ".join(f"{name}={morsel.value}" for name, morsel in client.cookies.items())}, client


def _fill(bench: Bench, caller: Caller, few: int, many: int) -> None:
    first = caller.shop.store.pk
    stores = [first, *[StoreFactory(merchant=caller.shop.store.merchant).pk for _ in range(STORES - 1)]]
    code = code_of(caller.shop, CODES)
    issue_codes(bench.sandbox, [caller.shop], [[code]])
    template = past.verify_one(caller.shop, code)
    hold(caller.shop)
    past.copy(template, stores, 1, few)
    database.clone()
    database.tidy()
    started = time.monotonic()
    database.point_at(database.LARGE)
    past.copy(template, stores, few + 1, many)
    database.tidy()
    print(f"  {many:,} past verifications written in {time.monotonic() - started:.0f} s", flush=True)


def _measure(bench: Bench, caller: Caller, cookie: dict[str, str], client: Client, small: Side, large: Side) -> None:
    caller.warm_up(small.web, large.web)
    pages = {"admin list": (reverse("admin:coupons_verification_changelist"), cookie), "API list": (API_LIST, {})}
    for number in range(bench.size(5, 2)):
        # A B, then B A: whoever comes second meets a warmer machine.
        for side in (small, large) if number % 2 == 0 else (large, small):
            database.point_at(database.NAME if side is small else database.LARGE)
            side.posts.append(_posts(bench, caller, side.web))
            for name, (path, headers) in pages.items():
                timed = _gets(side.web, load.http("GET", path, headers=headers or caller.headers))
                side.pages.setdefault(name, []).extend(timed)
                side.queries.setdefault(name, _queries(client, path, caller))


def _posts(bench: Bench, caller: Caller, web: Web) -> Load:
    count = bench.size(1200, 300)
    return round_of(lambda: post_queued(web, caller, count=count, first=CODES + 1))


def _gets(web: Web, request: bytes) -> list[float]:
    """Seconds per answer; the first few find cold caches."""
    return load.drive(web.address, lambda _: request, count=12, connections=1).expect(200).latencies[2:]


def _queries(client: Client, path: str, caller: Caller) -> int:
    headers = {"Authorization": f"Bearer {caller.secret}"}
    # The first answer fills caches and notes when the key was used.
    client.get(path, headers=headers)
    with CaptureQueriesContext(connection) as captured:
        answer = client.get(path, headers=headers)
    if answer.status_code != 200:
        raise Broken(f"HTTP {answer.status_code} for {path}")
    return len(captured)


def _report(bench: Bench, small: Side, large: Side) -> None:
    slower = median([one.rate for one in small.posts]) / median([one.rate for one in large.posts])
    sizes = f"{large.past:,} and {small.past:,} past verifications"
    raw = f"{words(large.posts)} and {words(small.posts)} with {sizes}"
    bench.report.add(Figure("size: time of POST verifications", slower, raw, target=1.2, at_least=False))
    for name, few in small.pages.items():
        many = large.pages[name]
        raw = (
            f"{large.queries[name]} and {small.queries[name]} queries, "
            f"{milliseconds(median(many))} and {milliseconds(median(few))} with {sizes}"
        )
        bench.report.add(Figure(f"size: time of the {name}", median(many) / median(few), raw))
