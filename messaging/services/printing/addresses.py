"""Where a printer may be: only in the networks that the operator lists
(TAKEAWAY_PRINTER_NETWORKS).

An address comes from a merchant, and this server may stand in a network with machines that are none
of the merchant's business. A name is resolved once, and the connection goes to what was checked.
"""

import re
import socket
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from messaging.addresses import is_port, read_network
from stores.conflicts import Conflict

# The port on which network printers take raw jobs.
USUAL_PORT = 9100
LONGEST = 100
_NAME = re.compile(r"[A-Za-z0-9._-]{1,100}")
_BRACKETED = re.compile(r"\[([0-9A-Fa-f:.]+)\](?::(\d{1,5}))?")
UNREADABLE = _("Write the printer's address as host and port, for example 192.168.1.50:9100.")
NOT_FOUND = _("There is no machine with the name of this printer's address.")
NOT_ALLOWED = _(
    "This server may not connect to the printer's address. Its operator can allow the network with "
    "TAKEAWAY_PRINTER_NETWORKS."
)


class PrinterConflict(Conflict):
    """The printer, or its address, does not allow this."""

    code = "takeaway_conflict"


@dataclass(frozen=True)
class Place:
    """A checked address: `host` is that of a machine and not a name."""

    host: str
    port: int


def split_address(address: str) -> tuple[str, int]:
    """Returns host and port of "host", "host:port" or "[IPv6]:port". Raises PrinterConflict."""
    text = address.strip()
    if bracketed := _BRACKETED.fullmatch(text):
        host, port = bracketed[1], bracketed[2] or ""
    else:
        host, _colon, port = text.partition(":")
        if not _NAME.fullmatch(host):
            raise PrinterConflict(UNREADABLE)
    if not port and not text.endswith(":"):
        return host, USUAL_PORT
    if not is_port(port):
        raise PrinterConflict(UNREADABLE)
    return host, int(port)


def find_place(address: str) -> Place:
    """Resolves an address once and checks everything that it stands for. Raises PrinterConflict."""
    name, port = split_address(address)
    try:
        found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise PrinterConflict(NOT_FOUND) from error
    hosts = [str(entry[4][0]) for entry in found]
    if not hosts or not all(is_allowed(host, port) for host in hosts):
        raise PrinterConflict(NOT_ALLOWED)
    return Place(hosts[0], port)


def is_allowed(host: str, port: int) -> bool:
    """Whether the operator's list covers a port of a machine."""
    address = _plain(host)
    if address is None or address.is_unspecified or address.is_multicast:
        return False
    return any(_covers(listed, address, port) for listed in settings.TAKEAWAY_PRINTER_NETWORKS)


def _covers(listed: str, address: IPv4Address | IPv6Address, port: int) -> bool:
    """A wide network does not cover this machine itself and link-local services: they have to be
    listed by themselves.
    """
    network, only = read_network(listed)
    if address not in network or only not in (None, port):
        return False
    if address.is_loopback and not network.is_loopback:
        return False
    return network.is_link_local or not address.is_link_local


def _plain(host: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(host)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
