"""The address of a caller, and the network that limits count."""

from ipaddress import IPv6Address, IPv6Network, ip_address

from django.conf import settings
from django.http import HttpRequest


def client_ip(request: HttpRequest) -> str:
    """Returns the caller's address: behind TRUSTED_PROXIES proxies, the one that the outermost of
    them saw.
    """
    forwarded = [
        part.strip()
        for part in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
        if part.strip()
    ]
    hops: int = settings.TRUSTED_PROXIES
    if hops and len(forwarded) >= hops:
        return str(forwarded[-hops][:45])
    return str(request.META.get("REMOTE_ADDR", ""))


def client_network(request: HttpRequest) -> str:
    """Returns the network that limits count: the caller's address, or the /64 of an IPv6 address.

    Every phone has a /64 to itself.
    """
    ip = client_ip(request)
    try:
        address = ip_address(ip)
    except ValueError:
        return ip
    if not isinstance(address, IPv6Address):
        return ip
    return str(address.ipv4_mapped or IPv6Network((int(address), 64), strict=False))
