"""Which addresses Meituan calls: hosts by name on any port, bare IP addresses on certain ports only (its hand-out)."""

import ipaddress
from urllib.parse import urlsplit

from django.utils.translation import gettext as _

PORTS = frozenset(
    {
        25, 80, 110, 143, 443, 587, 3899, 7000, 8001, 8010, 8080, 8081, 8082, 8084, 8085, 8086, 8090, 8889, 8998, 8999,
        9050, 9855, 37521, 41035, 58080, 58081, 58082,
    }
)  # fmt: skip


def is_local(base_url: str) -> bool:
    """Whether the address leads to this computer or its own network, where Meituan is not."""
    host = urlsplit(base_url).hostname or ""
    address = _ip(host)
    return host == "localhost" if address is None else not address.is_global


def why_not_called(base_url: str) -> str:
    """Why Meituan cannot call this address; "" when it can."""
    if is_local(base_url):
        return _("Meituan cannot reach %(url)s from outside. Set PUBLIC_BASE_URL to an address that it can reach.") % {
            "url": base_url
        }
    parts = urlsplit(base_url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    if _ip(parts.hostname or "") is None or port in PORTS:
        return ""
    return _("Meituan does not call port %(port)d of a bare IP address. It calls only: %(ports)s.") % {
        "port": port,
        "ports": ", ".join(str(known) for known in sorted(PORTS)),
    }


def _ip(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
