"""(g) What Meituan's takeaway platform gets, and how soon a person sees what it tells."""

import json
import threading
import time
from dataclasses import dataclass, field
from http.client import HTTPConnection, RemoteDisconnected
from urllib.parse import urlencode

from messaging.models import Message, TakeawayStore
from messaging.services.chat import listing
from stores.models import Connection
from tests.bench import load, machine, pushes, web, workers
from tests.bench.client import caller_of
from tests.bench.context import Bench
from tests.bench.processes import START_SECONDS, Broken, Running
from tests.bench.report import Figure, median, percentile
from tests.bench.shops import open_shop
from tests.bench.sides import owner_of
from tests.bench.web import Web
from tests.messaging.chat.writing import SECRET, envelope
from tests.messaging.factories import SIGN_KEY, DeveloperFactory, TakeawayStoreFactory
from tests.messaging.pushing import FORM, signed
from tests.messaging.samples import order
from tests.stores.factories import MerchantFactory, StoreFactory

FIRST_ORDER = 27_060_200_000_000_000
# Seconds between two questions of an open page.
POLL = 1.5
PAGES, SOCKETS, A_SECOND = 20, 50, 20


@dataclass
class Meituan:
    """Pushes as a load: signed forms about one store."""

    binding: TakeawayStore

    @property
    def developer(self) -> Connection:
        assert self.binding.connection.parent is not None
        return self.binding.connection.parent

    def _push(self, address: str, **fields: str) -> bytes:
        known = {"developerId": self.developer.account, "ePoiId": self.binding.connection.account}
        body = urlencode(signed(known | fields)).encode()
        path = f"/takeaway/{self.developer.pk}/{address}"
        return load.http("POST", path, headers={"Content-Type": FORM}, body=body)

    def new_order(self, number: int) -> bytes:
        said = order(orderId=FIRST_ORDER + number, ePoiId=self.binding.connection.account)
        return self._push("order-new", order=json.dumps(said, ensure_ascii=False))

    def message(self, number: int) -> bytes:
        said = envelope(f"第 {number} 条", cts=int(time.time()))
        text = json.dumps(said, ensure_ascii=False)
        return self._push(
            "message", msgType="210069", msgId=str(number), businessId="2", message=text
        )


def run(bench: Bench) -> None:
    caller = caller_of(open_shop(bench.sandbox))
    meituan = Meituan(_bound())
    ours, bare = web.start(bench.fleet, "web"), web.start_bare(bench.fleet, caller.digest)
    try:
        caller.warm_up(ours)
        kinds = [pushes.Kind("pushes", meituan.new_order, b'{"data":"OK"}', target=0.5)]
        pushes.against_bare(bench, ours, bare, caller, kinds, platform="takeaway")
        bench.fleet.stop(bare.running)
        _open_pages(bench, meituan, ours)
        clusters = workers.start(bench.fleet)
        try:
            _on_screen(bench, meituan, ours)
        finally:
            bench.fleet.stop(*clusters)
    finally:
        bench.fleet.stop(
            *(one for one in (ours.running, bare.running) if one in bench.fleet.running)
        )
    _sockets(bench)


def _bound() -> TakeawayStore:
    developer = DeveloperFactory(credentials={"sign_key": SIGN_KEY, "im_secret": SECRET})
    made: TakeawayStore = TakeawayStoreFactory(developer=developer)
    return made


# Open pages


@dataclass
class Page:
    """An open chat page of a signed-in person, which asks as pulse-worker.js does, and keeps its
    connection as browsers do.
    """

    line: HTTPConnection
    headers: dict[str, str]
    cursor: str
    known: dict[str, str] = field(default_factory=dict)

    def _get(self, path: str, headers: dict[str, str] | None = None) -> tuple[int, bytes]:
        """Returns the status, one of 200 and 204, and the body."""
        try:
            self.line.request("GET", f"/takeaway/{path}", headers=headers or {})
            answer = self.line.getresponse()
        except (RemoteDisconnected, BrokenPipeError):
            # A page that had a pause: the server has closed the line.
            self.line.close()
            self.line.request("GET", f"/takeaway/{path}", headers=headers or {})
            answer = self.line.getresponse()
        body = answer.read()
        if answer.status not in (200, 204):
            raise Broken(f"{path}: {answer.status} {body[:200]!r}")
        return answer.status, body

    def is_unchanged(self) -> bool:
        """Asks once, with the cookie as browsers do; what is new is read as well."""
        query = f"?{urlencode(self.known)}" if self.known else ""
        status, body = self._get(f"pulse/{query}", self.headers)
        if status == 204:
            return True
        told = json.loads(body)
        self.known = {"seen": told["seen"], "ticket": told["ticket"]}
        return False

    def has_news(self) -> bool:
        """Asks, and reads the conversations when something is new; whether they were."""
        if self.is_unchanged():
            return False
        status, body = self._get(f"chat/news/?cursor={self.cursor}", self.headers)
        if status == 200:
            self.cursor = json.loads(body)["cursor"]
        return status == 200


def _page(meituan: Meituan, ours: Web) -> Page:
    merchant = meituan.binding.store.merchant
    return Page(
        HTTPConnection(*ours.address), owner_of(merchant), listing.cursor_now([merchant.pk])
    )


def _open_pages(bench: Bench, meituan: Meituan, ours: Web) -> None:
    """What pages cost on which nothing is new."""
    pages = [_page(meituan, ours) for _ in range(PAGES)]
    for page in pages:
        page.has_news()
    seconds = bench.size(60, 10)
    before, began, asked = machine.usage(), time.monotonic(), 0
    while time.monotonic() < began + seconds:
        pages[asked % PAGES].is_unchanged()
        asked += 1
        time.sleep(max(0.0, began + asked * POLL / PAGES - time.monotonic()))
    cores = machine.cores_used(before, machine.usage(), ours.running.process.pid)
    raw = f"{asked} questions in {seconds} s, {1000 * cores * seconds / asked:.1f} ms each"
    bench.report.add(
        Figure(f"takeaway: cores for {PAGES} open chat pages", cores, raw, 0.05, at_least=False)
    )


def _on_screen(bench: Bench, meituan: Meituan, ours: Web) -> None:
    """From the push to the answer in which a page that asks every POLL seconds gets the message."""
    page, delays = _page(meituan, ours), []
    page.has_news()
    for number in range(bench.size(40, 10)):
        # At another moment between two questions each time.
        left = POLL * (number * 7 % 10) / 10
        time.sleep(POLL - left)
        pushed = time.monotonic()
        load.drive(ours.address, meituan.message, count=1, connections=1, first=number + 1)
        time.sleep(left)
        while not page.has_news():
            if time.monotonic() - pushed > 30:
                raise Broken("a message did not come to the page")
            time.sleep(POLL)
        delays.append(time.monotonic() - pushed)
    p95 = percentile(delays, 0.95)
    raw = f"p50 {median(delays):.2f} s, {len(delays)} messages, a page that asks every {POLL} s"
    bench.report.add(
        Figure("takeaway: push → page, p95 in seconds", p95, raw, target=2, at_least=False)
    )


# Sockets


def _sockets(bench: Bench) -> None:
    """One listener with SOCKETS sockets, to each of which messages come."""
    developer = DeveloperFactory(
        credentials={"sign_key": SIGN_KEY, "im_secret": SECRET},
        base_url=f"{bench.sandbox.url}/takeaway",
    )
    merchant = MerchantFactory()
    bindings: list[TakeawayStore] = [
        TakeawayStoreFactory(developer=developer, store=StoreFactory(merchant=merchant))
        for _ in range(SOCKETS // 2)
    ]
    TakeawayStore.objects.exclude(pk__in=[row.pk for row in bindings]).update(
        state=TakeawayStore.State.UNBOUND
    )
    _seed(bench, developer, bindings)
    listener = bench.fleet.python("im_listen", "manage.py", "im_listen", TAKEAWAY_SOCKETS="2")
    try:
        _wait_for_sockets(bench, listener)
        count = A_SECOND * bench.size(30, 5)
        before = Message.objects.count()
        _write(bench, bindings, count)
        until = time.monotonic() + 30
        while (stored := Message.objects.count() - before) < count and time.monotonic() < until:
            time.sleep(0.1)
    finally:
        bench.fleet.stop(listener)
    raw = f"{stored} of {count} messages, {A_SECOND} a second, {SOCKETS} sockets"
    bench.report.add(Figure("takeaway: messages stored by one im_listen", stored / count, raw, 1))


def _seed(bench: Bench, developer: Connection, bindings: list[TakeawayStore]) -> None:
    known = {"developer_id": int(developer.account), "sign_key": SIGN_KEY, "im_secret": SECRET}
    stores = [
        {
            "epoi_id": row.connection.account,
            "app_auth_token": row.connection.token,
            "business_id": row.provider,
            "name": row.poi_name,
        }
        for row in bindings
    ]
    bench.sandbox.control("takeaway/seed", {"developer": known, "stores": stores})


def _wait_for_sockets(bench: Bench, listener: Running) -> None:
    until = time.monotonic() + START_SECONDS
    while len(bench.sandbox.control("takeaway/sockets")["sockets"]) < SOCKETS:
        listener.check()
        if time.monotonic() > until:
            raise Broken("the listener did not open its sockets")
        time.sleep(0.2)


def _write(bench: Bench, bindings: list[TakeawayStore], count: int) -> None:
    """Has customers write at an even pace, however long Meituan takes for each."""

    def write(number: int) -> None:
        body = {
            "epoi_id": bindings[number % len(bindings)].connection.account,
            "open_user_id": 880_000_000 + number % 200,
            "text": f"第 {number} 条",
        }
        bench.sandbox.control("takeaway/messages", body)

    began = time.monotonic()
    threads = [threading.Thread(target=write, args=(number,)) for number in range(count)]
    for number, thread in enumerate(threads):
        time.sleep(max(0.0, began + number / A_SECOND - time.monotonic()))
        thread.start()
    for thread in threads:
        thread.join(60)
