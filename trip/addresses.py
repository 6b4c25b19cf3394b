"""The interfaces that Meituan calls, in the order of its forms, and the hosts and ports that it can
reach.
"""

import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from stores.text import listed

# Ports that Meituan calls on bare IP addresses (docs/platforms/trip.md §0.1); a host with a name
# may have any port.
PORTS = frozenset(
    {
        25, 80, 110, 143, 443, 587, 3899, 7000, 8001, 8010, 8080, 8081, 8082, 8084, 8085, 8086,
        8090, 8889, 8998, 8999, 9050, 9855, 37521, 41035, 58080, 58081, 58082,
    }
)  # fmt: skip


@dataclass(frozen=True)
class Interface:
    """One interface; drill, demo and sandbox use its `name`, and `path` is relative to
    /trip/<connection>/.
    """

    name: str
    path: str
    title: StrOrPromise
    is_needed: bool = False

    @property
    def route(self) -> str:
        """The URL name for reverse(f"trip:{route}", args=[connection.pk])."""
        return self.path.replace("/", "-")


INTERFACES = (
    Interface("create", "order/create", _("Create an order"), is_needed=True),
    Interface("pay", "order/pay", _("Pay an order"), is_needed=True),
    Interface("query", "order/query", _("Query an order"), is_needed=True),
    Interface("refund", "order/refund", _("Refund an order"), is_needed=True),
    Interface("close", "order/close", _("Order closed (message)"), is_needed=True),
    Interface("refunded", "order/refunded", _("Already refunded (message)")),
    Interface("products", "product/list", _("Pull products")),
    Interface("prices", "product/price", _("Pull the price calendar")),
    Interface("audit", "product/audit", _("Listing and audit (message)")),
    Interface("pois", "poi/list", _("Pull places")),
    Interface("heartbeat", "support/heartbeat", _("Heartbeat")),
    Interface("balance", "support/balance", _("Balance")),
)


def is_local(base_url: str) -> bool:
    """Whether the address is on this computer or its local network, where Meituan cannot be."""
    host = urlsplit(base_url).hostname or ""
    address = _ip(host)
    if address is None:
        return host == "localhost"
    return not address.is_global


def why_not_called(base_url: str) -> str:
    """Why Meituan cannot call this address; "" when it can."""
    if is_local(base_url):
        why = gettext(
            "Meituan cannot reach %(url)s from outside."
            " Ask the platform operator for an address that it can reach."
        )
        return why % {"url": base_url}
    parts = urlsplit(base_url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    if _ip(parts.hostname or "") is None or port in PORTS:
        return ""
    return gettext(
        "Meituan does not call port %(port)d of a bare IP address. It calls only: %(ports)s."
    ) % {
        "port": port,
        "ports": listed(sorted(PORTS)),
    }


def _ip(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
