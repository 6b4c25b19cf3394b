"""(e) What Meituan gets: orders created, paid and queried a second; and the last tickets under a
rush.
"""

import http.client
import json
import threading
from collections import Counter

from django.db import models

from stores.models import InboundEvent
from tests.bench import database, load, past, web
from tests.bench.client import CONNECTIONS, caller_of
from tests.bench.context import Bench
from tests.bench.load import Load
from tests.bench.meituan import Buyer, buyer
from tests.bench.processes import Broken
from tests.bench.report import Figure, median, milliseconds, percentile
from tests.bench.shops import open_shop
from tests.bench.web import Web
from trip.models import Offer, Order, Voucher

SUCCESS = b'"code":200,'
TABLES: tuple[type[models.Model], ...] = (InboundEvent, Voucher, Order)
BUYERS, LAST = 50, 10


def run(bench: Bench) -> None:
    caller = caller_of(open_shop(bench.sandbox))
    ours, bare = web.start(bench.fleet, "web"), web.start_bare(bench.fleet, caller.digest)
    try:
        caller.warm_up(ours)
        load.drive(bare.address, caller.note, count=100, first=90_000_000)
        rounds, count = bench.size(5, 2), bench.size(500, 150)
        sold, noted, hot = [], [], []
        for number in range(rounds):
            sold.append(bought(ours, buyer(products=CONNECTIONS), count=count))
            hot.append(bought(ours, buyer(), count=count))
            noted.append(
                load.drive(
                    bare.address, caller.note, count=3 * count, first=number * 3 * count
                ).expect(201)
            )
        _report(bench, sold, noted, count)
        _report_hot(bench, hot, sold)
        _rush(bench, ours)
    finally:
        bench.fleet.stop(ours.running, bare.running)


def bought(server: Web, one: Buyer, *, count: int, first: int = 267_000_000_000_000) -> Load:
    """Creates, pays and queries `count` orders, one step after the other; leaves no trace."""
    marks = {table: past.newest(table) for table in TABLES}
    whole = Load()
    for step in (one.create, one.pay, one.query):
        answered = load.drive(
            server.address, step, count=count, connections=CONNECTIONS, first=first
        ).expect(200)
        if SUCCESS not in answered.last:
            raise Broken(f"Meituan was told no: {answered.last[-600:]!r}")
        whole.latencies += answered.latencies
        whole.seconds += answered.seconds
    past.forget_after(marks)
    Offer.objects.filter(product__in=one.products).update(held=0, sold=0)
    database.tidy()
    return whole


def words(rounds: list[Load]) -> str:
    p99 = median([percentile(one.latencies, 0.99) for one in rounds])
    return f"{median([one.rate for one in rounds]):.0f} calls/s p99 {milliseconds(p99)}"


def _report(bench: Bench, sold: list[Load], noted: list[Load], count: int) -> None:
    ratio = median([one.rate for one in sold]) / median([one.rate for one in noted])
    raw = (
        f"{words(sold)}; bare view {words(noted)}; {CONNECTIONS} connections, {len(sold)} rounds "
        f"of {count} orders"
    )
    bench.report.add(Figure("trip: create+pay+query, a call ÷ bare view", ratio, raw, target=0.35))


def _report_hot(bench: Bench, hot: list[Load], sold: list[Load]) -> None:
    """Orders of one product and day wait for each other while its stock is counted."""
    ratio = median([one.rate for one in hot]) / median([one.rate for one in sold])
    raw = f"{words(hot)} when all buy one product, {words(sold)} with {CONNECTIONS} products"
    bench.report.add(Figure("trip: one product ÷ several", ratio, raw))


def _rush(bench: Bench, server: Web) -> None:
    """Fifty buyers at once for the last ten tickets."""
    one = buyer(stock=LAST)
    codes: Counter[int] = Counter()
    start = threading.Barrier(BUYERS)

    def buy(number: int) -> None:
        connection = http.client.HTTPConnection(*server.address, timeout=60)
        connection.connect()
        start.wait(60)
        assert connection.sock is not None
        connection.sock.sendall(one.create(268_000_000_000_000 + number))
        response = http.client.HTTPResponse(connection.sock, method="POST")
        response.begin()
        codes[json.loads(response.read())["code"]] += 1
        connection.close()

    threads = [threading.Thread(target=buy, args=(number,)) for number in range(BUYERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    offer = Offer.objects.get(product=one.products[0])
    if codes.total() != BUYERS or offer.held != codes[200]:
        raise Broken(f"{dict(codes)} answers, {offer.held} tickets held")
    raw = (
        f"{BUYERS} buyers at once: {codes[200]} sold, {codes[420]} told that it is sold out, "
        f"{offer.held} held"
    )
    bench.report.add(Figure("trip: sold of the last 10", codes[200] / LAST, raw, target=1))
