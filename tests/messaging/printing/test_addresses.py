"""Where a printer may be: a merchant's address must not lead into the network of this server."""

import socket
import threading
from typing import Any

import pytest
from django.forms import modelform_factory
from pytest_django.fixtures import Settings

from messaging.admin.printers import PrinterForm
from messaging.choices import PaperState, PrinterState
from messaging.models import Printer, PrintJob
from messaging.services.printing import addresses
from messaging.services.printing.addresses import PrinterConflict, find_place, split_address
from messaging.services.printing.asking import page_test
from messaging.services.printing.working import print_queued
from tests.messaging.printing.conftest import Counter, Device
from tests.stores.factories import UserFactory

SHOP = ["192.168.8.0/24", "fd00:8::/64", "203.0.113.7/32"]


@pytest.fixture
def listed(settings: Settings) -> Settings:
    settings.TAKEAWAY_PRINTER_NETWORKS = SHOP
    return settings


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("192.168.8.50:9100", ("192.168.8.50", 9100)),
        (" 192.168.8.50 ", ("192.168.8.50", 9100)),
        ("printer.shop.example:9101", ("printer.shop.example", 9101)),
        ("[fd00:8::5]:9100", ("fd00:8::5", 9100)),
        ("[fd00:8::5]", ("fd00:8::5", 9100)),
    ],
)
def test_an_address_is_a_host_and_perhaps_a_port(text: str, found: tuple[str, int]) -> None:
    assert split_address(text) == found


@pytest.mark.parametrize(
    "text",
    [
        "",
        ":9100",
        "host:",
        "host:0",
        "host:65536",
        "host:９１００",
        "host:-1",
        "host:9100:1",
        "http://192.168.8.50:9100",
        "user@host:9100",
        "host/path",
        "ho st",
        "host\n:9100",
        "fd00:8::5",
        "[fd00:8::5]x",
        "打印机:9100",
        "h" * 101,
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(PrinterConflict):
        split_address(text)


@pytest.mark.parametrize("host", ["192.168.8.50", "[fd00:8::5]", "203.0.113.7"])
def test_what_the_operator_lists_is_allowed(listed: Settings, host: str) -> None:
    assert find_place(f"{host}:9100").host == host.strip("[]")


@pytest.mark.parametrize(
    "host",
    [
        "192.168.9.50",
        "10.0.0.1",
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "localhost",
        "0.0.0.0",
        "169.254.169.254",
        "224.0.0.1",
        "255.255.255.255",
        "203.0.113.8",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:10.0.0.1]",
        "[fe80::1]",
        "[fd00:9::5]",
    ],
)
def test_everything_else_is_not(listed: Settings, host: str) -> None:
    with pytest.raises(PrinterConflict):
        find_place(f"{host}:9100")


def test_a_mapped_address_counts_as_what_it_is(listed: Settings) -> None:
    assert find_place("[::ffff:192.168.8.50]:9100").port == 9100


def test_nothing_is_allowed_until_something_is_listed(settings: Settings) -> None:
    assert settings.TAKEAWAY_PRINTER_NETWORKS == []
    with pytest.raises(PrinterConflict) as refused:
        find_place("192.168.8.50")
    assert "TAKEAWAY_PRINTER_NETWORKS" in str(refused.value.reason)


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "169.254.169.254", "[fe80::1]"])
def test_a_wide_network_covers_neither_this_machine_nor_link_local_services(
    settings: Settings, host: str
) -> None:
    settings.TAKEAWAY_PRINTER_NETWORKS = ["0.0.0.0/0", "::/0"]
    assert find_place("8.8.8.8").host == "8.8.8.8"
    with pytest.raises(PrinterConflict):
        find_place(host)
    settings.TAKEAWAY_PRINTER_NETWORKS = ["127.0.0.0/8", "::1/128", "169.254.0.0/16", "fe80::/10"]
    assert find_place(host).port == addresses.USUAL_PORT


@pytest.mark.parametrize(
    ("listed", "host"),
    [
        ("127.0.0.1:9100", "127.0.0.1"),
        ("[127.0.0.1]:9100", "127.0.0.1"),
        ("192.168.8.0/24:9100", "192.168.8.50"),
        ("[::1]:9100", "[::1]"),
        ("[fd00:8::/64]:9100", "[fd00:8::5]"),
    ],
)
def test_an_entry_with_a_port_covers_that_port_only(
    settings: Settings, listed: str, host: str
) -> None:
    settings.TAKEAWAY_PRINTER_NETWORKS = [listed]
    assert find_place(f"{host}:9100").port == 9100
    for port in (22, 80, 5432, 9101):
        with pytest.raises(PrinterConflict):
            find_place(f"{host}:{port}")
    with pytest.raises(PrinterConflict):
        find_place("127.0.0.2:9100")


def answers(*hosts: str) -> Any:
    """Replaces the name service: every name has these addresses."""
    return lambda name, port, **kwargs: [
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, port)) for host in hosts
    ]


def test_a_name_with_one_forbidden_address_is_refused(
    listed: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", answers("192.168.8.50", "127.0.0.1"))
    with pytest.raises(PrinterConflict):
        find_place("printer.example")


def test_a_name_without_a_machine_is_refused(listed: Settings) -> None:
    with pytest.raises(PrinterConflict) as refused:
        find_place("no-such-printer.invalid")
    assert refused.value.reason is addresses.NOT_FOUND


@pytest.mark.django_db(transaction=True)
def test_the_connection_goes_to_what_was_checked_when_the_name_changes_meanwhile(
    device: Device, counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    device.row.address = f"printer.example:{device.paper.port}"
    device.row.save()
    real, asked = socket.getaddrinfo, []

    def rebinding(name: str, port: int, *args: Any, **kwargs: Any) -> Any:
        if name != "printer.example":
            return real(name, port, *args, **kwargs)
        asked.append(name)
        return answers("127.0.0.1" if len(asked) == 1 else "192.0.2.1")(name, port)

    counter.accept()
    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    assert print_queued(device.row.pk) == 1
    assert len(asked) == 1


@pytest.mark.django_db(transaction=True)
def test_a_printer_with_a_forbidden_address_is_never_connected_to(
    device: Device, counter: Counter, settings: Settings
) -> None:
    counter.accept()
    settings.TAKEAWAY_PRINTER_NETWORKS = SHOP
    print_queued(device.row.pk)
    assert device.state == PrinterState.FORBIDDEN
    assert PrintJob.objects.get().state == PaperState.QUEUED
    user = UserFactory()
    with pytest.raises(PrinterConflict):
        page_test(printer=device.row, actor=user)
    kind = modelform_factory(Printer, form=PrinterForm, fields=["address"])
    form = kind({"address": device.row.address})
    assert "TAKEAWAY_PRINTER_NETWORKS" in str(form.errors["address"])
    assert device.texts == []


@pytest.mark.django_db(transaction=True)
def test_a_printer_whose_name_leads_nowhere_does_not_answer(
    device: Device, counter: Counter
) -> None:
    device.row.address = "no-such-printer.invalid"
    device.row.save()
    counter.accept()
    print_queued(device.row.pk)
    assert device.state == PrinterState.AWAY


@pytest.mark.django_db(transaction=True)
def test_what_answers_like_no_printer_gets_no_receipt(device: Device, counter: Counter) -> None:
    """Somebody's web server, for instance."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        device.row.address = f"127.0.0.1:{server.getsockname()[1]}"
        device.row.save()
        counter.accept()
        heard: list[bytes] = []

        def answer() -> None:
            connection, _address = server.accept()
            with connection:
                heard.append(connection.recv(100))
                connection.sendall("打".encode()[:1])
                heard.append(connection.recv(100))

        thread = threading.Thread(target=answer)
        thread.start()
        print_queued(device.row.pk)
        thread.join()
    assert device.state == PrinterState.AWAY
    assert heard == [b"\x10\x04\x01", b""]
