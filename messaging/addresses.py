"""The addresses that Meituan pushes to, in the order of its console, and how those of printers are
written.
"""

from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network

from django_stubs_ext import StrOrPromise

from messaging.choices import PushKind


@dataclass(frozen=True)
class Address:
    """One address; `path` is relative to /takeaway/<developer account>/."""

    kind: PushKind

    @property
    def path(self) -> str:
        return self.kind.value.replace("_", "-")

    @property
    def title(self) -> StrOrPromise:
        return self.kind.label

    @property
    def route(self) -> str:
        """The URL name for reverse(f"takeaway:{route}", args=[connection.pk])."""
        return f"push-{self.path}"


ADDRESSES = tuple(Address(kind) for kind in PushKind)


def read_network(listed: str) -> tuple[IPv4Network | IPv6Network, int | None]:
    """Returns the network of an entry of TAKEAWAY_PRINTER_NETWORKS, and its port, if it allows one
    only: "192.168.8.0/24", "192.168.8.50:9100", "fd00:8::/64", "[fd00:8::5]:9100". Raises
    ValueError.
    """
    text = listed.strip()
    if text.startswith("["):
        inside, _bracket, port = text[1:].partition("]:")
    elif text.count(":") == 1:
        inside, _colon, port = text.partition(":")
    else:
        return ip_network(text), None
    if not is_port(port):
        raise ValueError(f"{listed} names no port")
    return ip_network(inside), int(port)


def is_port(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 6 and 0 < int(text) < 65536
