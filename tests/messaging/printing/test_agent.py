"""`manage.py print_agent` as a real process: the web server, the network between and the printer
are real sockets, and the process is really killed.
"""

import contextlib
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from pytest_django.live_server_helper import LiveServer

from messaging.choices import PaperState, PrinterReach, PrinterState
from messaging.models import Printer, PrintJob
from messaging.services.printing.working import give_up_sent
from stores.models import ApiKey
from tests.messaging.printing.conftest import (
    CONFIRMED,
    QUEUED,
    SENT,
    UNKNOWN,
    Counter,
    Device,
    reports,
    states,
)
from tests.messaging.printing.test_killed import end_leases
from tests.messaging.printing.test_printing import silent_after
from tests.processes import clean_environment, manage, wait_until
from tests.stores.factories import api_key

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
# Nothing listens there: what needs the database fails.
NO_DATABASE = "postgres://nobody@127.0.0.1:1/none"


@dataclass
class Router:
    """The shop's way to the server: it can be cut, or lose the answers to some requests."""

    port: int
    is_cut: bool = False
    lost: bytes = b""
    seen: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._listen, daemon=True).start()

    def stop(self) -> None:
        self._listener.close()

    def _listen(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _address = self._listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError):
            request = client.recv(65536)
            self.seen.append(request)
            if self.is_cut:
                return
            with socket.create_connection(("127.0.0.1", self.port)) as server:
                server.sendall(request)
                back = threading.Thread(target=self._pass_on, args=(client, server), daemon=True)
                back.start()
                answer = server.recv(65536)
                if self.lost and self.lost in request:
                    # Closing alone does not end it: the other thread still reads.
                    client.shutdown(socket.SHUT_RDWR)
                    return
                while answer:
                    client.sendall(answer)
                    answer = server.recv(65536)

    @staticmethod
    def _pass_on(client: socket.socket, server: socket.socket) -> None:
        """Passes on a body that comes after its head, and that the client is done."""
        with contextlib.suppress(OSError):
            while more := client.recv(65536):
                server.sendall(more)
            server.shutdown(socket.SHUT_WR)


@dataclass
class Shop:
    """A machine in the shop with the printer beside it."""

    device: Device
    router: Router
    key: ApiKey
    secret: str
    log: Path
    open: ExitStack

    def agent(self) -> Any:
        """Starts an agent; it is killed in the end."""
        args = ("print_agent", f"--url={self.router.url}", "--every=0.1")
        env = clean_environment(
            ENV_FILE=os.devnull, DATABASE_URL=NO_DATABASE, PRINT_AGENT_KEY=self.secret
        )
        return self.open.enter_context(manage(*args, log=self.log, env=env))

    def said(self) -> str:
        return self.log.read_text(encoding="utf-8")

    def wait(self, holds: Callable[[], Any]) -> None:
        wait_until(holds, about=self.said)


@pytest.fixture
def shop(
    add_printer: Callable[..., Device], live_server: LiveServer, tmp_path: Path
) -> Iterator[Shop]:
    device = add_printer(reach=PrinterReach.AGENT)
    store = device.row.store
    key, secret = api_key(store.merchant, store, scopes=("print",))
    router = Router(live_server.thread.port)
    with ExitStack() as stack:
        yield Shop(device, router, key, secret, tmp_path / "agent.log", stack)
    router.stop()


def printed(shop: Shop) -> bool:
    return set(states()) == set(CONFIRMED)


def test_an_agent_without_a_database_prints_what_waits(shop: Shop, counter: Counter) -> None:
    orders = [counter.accept(), counter.accept()]
    agent = shop.agent()
    shop.wait(lambda: printed(shop))
    for order, text in zip(orders, shop.device.texts, strict=True):
        assert order.view_id in text
    assert reports(counter.meituan) == 2
    later = counter.accept()
    shop.wait(lambda: states(later) == CONFIRMED)
    agent.send_signal(signal.SIGTERM)
    assert agent.wait(timeout=30) == 0, shop.said()
    assert shop.device.state == PrinterState.READY
    assert shop.secret not in shop.said()


def test_an_agent_prints_on_a_printer_that_answers_no_question(
    shop: Shop, counter: Counter
) -> None:
    shop.device.set(printer="mute")
    orders = [counter.accept(), counter.accept()]
    shop.agent()
    shop.wait(lambda: states() == UNKNOWN * 2)
    shop.wait(lambda: len(shop.device.texts) == 2)
    for order, text in zip(orders, shop.device.texts, strict=True):
        assert order.view_id in text
    assert shop.device.state == PrinterState.MUTE
    assert not PrintJob.objects.needing_person().exists()
    assert reports(counter.meituan) == 0


def test_an_agent_killed_in_the_middle_of_a_job_leaves_it_in_doubt_and_no_second_copy(
    shop: Shop, counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = counter.accept()
    monkeypatch.setattr(shop.device.paper, "_keep", silent_after(shop.device))
    agent = shop.agent()
    shop.wait(lambda: shop.device.texts)
    agent.kill()
    agent.wait()
    assert states(order) == SENT
    monkeypatch.undo()
    shop.device.set(printer="ready")
    end_leases()
    shop.agent()
    other = counter.accept()
    shop.wait(lambda: states(other) == CONFIRMED)
    give_up_sent()
    assert states(order) == UNKNOWN
    assert sum(order.view_id in text for text in shop.device.texts) == 1


def test_an_agent_killed_before_the_first_byte_leaves_the_receipt_in_doubt(
    shop: Shop, counter: Counter
) -> None:
    order = counter.accept()
    shop.router.lost = b"next-receipt"
    agent = shop.agent()
    shop.wait(lambda: states(order) == SENT)
    agent.kill()
    agent.wait()
    shop.router.lost = b""
    end_leases()
    shop.agent()
    shop.wait(lambda: states(order) == UNKNOWN or give_up_sent())
    other = counter.accept()
    shop.wait(lambda: states(other) == CONFIRMED)
    assert (states(order), len(shop.device.texts)) == (UNKNOWN, 1)


def test_an_agent_that_is_to_end_reports_the_receipt_at_the_printer_first(
    shop: Shop, counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    counter.accept()
    counter.accept()
    answers = threading.Event()
    status = shop.device.paper._status

    def late(asked: int) -> int:
        if shop.device.texts:
            answers.wait(4)
        return status(asked)

    monkeypatch.setattr(shop.device.paper, "_status", late)
    agent = shop.agent()
    shop.wait(lambda: shop.device.texts)
    agent.send_signal(signal.SIGTERM)
    assert agent.poll() is None
    answers.set()
    assert agent.wait(timeout=30) == 0, shop.said()
    assert states() == CONFIRMED + QUEUED


def test_a_connection_that_is_lost_while_the_printer_prints_loses_nothing(
    shop: Shop, counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = counter.accept()
    keep = shop.device.paper._keep

    def cut(*args: Any) -> None:
        keep(*args)
        shop.router.is_cut = True

    monkeypatch.setattr(shop.device.paper, "_keep", cut)
    shop.agent()
    shop.wait(lambda: "the server does not answer" in shop.said())
    assert states(order) == SENT
    end_leases()
    give_up_sent()
    assert states(order) == UNKNOWN
    monkeypatch.undo()
    shop.router.is_cut = False
    shop.wait(lambda: states(order) == CONFIRMED)
    later = counter.accept()
    shop.wait(lambda: states(later) == CONFIRMED)
    assert len(shop.device.texts) == 2


@pytest.mark.parametrize("lost", [b"next-receipt", b"report"])
def test_an_answer_that_is_lost_is_asked_for_again_and_prints_nothing_twice(
    shop: Shop, counter: Counter, lost: bytes
) -> None:
    order = counter.accept()
    shop.router.lost = lost
    shop.agent()
    shop.wait(lambda: "the server does not answer" in shop.said())
    assert sum(lost in request for request in shop.router.seen) >= 1
    shop.router.lost = b""
    shop.wait(lambda: states(order) == CONFIRMED)
    later = counter.accept()
    shop.wait(lambda: states(later) == CONFIRMED)
    assert len(shop.device.texts) == 2
    assert PrintJob.objects.filter(attempts=1).count() == 2


def test_two_agents_print_each_receipt_once(shop: Shop, counter: Counter) -> None:
    orders = [counter.accept() for _ in range(4)]
    shop.agent()
    shop.agent()
    shop.wait(lambda: printed(shop))
    assert len(shop.device.texts) == 4
    assert {order.view_id for order in orders} == {
        order.view_id for order in orders for text in shop.device.texts if order.view_id in text
    }


def test_a_printer_without_paper_says_so_and_prints_once_it_can(
    shop: Shop, counter: Counter
) -> None:
    shop.device.set(printer="no_paper")
    order = counter.accept()
    shop.agent()
    shop.wait(lambda: shop.device.state == PrinterState.PAPER)
    assert states(order) == QUEUED
    shop.device.set(printer="ready")
    shop.wait(lambda: states(order) == CONFIRMED)
    assert len(shop.device.texts) == 1


def test_paper_that_ends_in_the_middle_leaves_the_receipt_in_doubt(
    shop: Shop, counter: Counter
) -> None:
    order = counter.accept()
    shop.device.set(printer="paper_ends", printer_rows=4)
    shop.agent()
    shop.wait(lambda: shop.device.state == PrinterState.PAPER)
    assert (states(order), PrintJob.objects.get().error) == (UNKNOWN, "paper")


def test_a_printer_with_an_address_that_leads_nowhere_stops_no_other(
    shop: Shop, counter: Counter, add_printer: Callable[..., Device]
) -> None:
    other = add_printer(reach=PrinterReach.AGENT)
    Printer.objects.filter(pk=shop.device.row.pk).update(address="no-such-printer.invalid")
    counter.accept()
    shop.agent()
    shop.wait(lambda: shop.device.state == PrinterState.AWAY)
    shop.wait(lambda: set(states()) == {PaperState.CONFIRMED})
    assert len(other.texts) == 2


def test_an_agent_whose_key_was_switched_off_ends_and_says_why(
    shop: Shop, counter: Counter
) -> None:
    agent = shop.agent()
    shop.wait(lambda: shop.device.state == PrinterState.READY)
    shop.key.is_active = False
    shop.key.save()
    assert agent.wait(timeout=30) == 1
    assert "The server refuses this agent: 401" in shop.said()


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://shop.example", "use https"),
        ("shop.example", "begins with https://"),
        ("file:///etc/passwd", "begins with https://"),
        ("https://shop.example:port", "is no address"),
    ],
)
def test_an_address_that_gives_the_key_away_or_is_none_is_refused(
    url: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PRINT_AGENT_KEY", "zg_some")
    with pytest.raises(CommandError, match=words):
        call_command("print_agent", url=url)


def test_the_key_comes_from_a_file_or_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PRINT_AGENT_KEY", raising=False)
    with pytest.raises(CommandError, match="Give an API key"):
        call_command("print_agent", url="https://shop.example")
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("print_agent", url="https://shop.example", key_file=tmp_path / "none")
    (tmp_path / "key").write_text("zg_some key\nX-Header: 1")
    with pytest.raises(CommandError, match="Give an API key"):
        call_command("print_agent", url="https://shop.example", key_file=tmp_path / "key")
