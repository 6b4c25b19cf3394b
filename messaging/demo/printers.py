"""The receipt printer of the demo: the sandbox's own, or the one that TAKEAWAY_PRINTER names."""

import os
import socket

from messaging.models import Printer
from messaging.services.printing.addresses import split_address
from stores.conflicts import Conflict
from stores.models import Store

NAME = "后厨"
HOST = "127.0.0.1"


def port_for(known: int) -> int:
    """Returns the port of the sandbox's printer: that of the last run, if it is still free."""
    for port in (known, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            found: int = probe.getsockname()[1]
            return found
    return 0


def allowed(address: str) -> str:
    """Returns the entries of TAKEAWAY_PRINTER_NETWORKS that cover this printer and nothing else;
    "" where its name leads nowhere.
    """
    try:
        name, port = split_address(address)
        found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)
    except (Conflict, OSError, UnicodeError):
        return ""
    hosts = dict.fromkeys(str(entry[4][0]) for entry in found)
    return ",".join(f"[{host}]:{port}" for host in hosts)


def connect(store: Store, port: int) -> str:
    """Points the store's printer at where it is now; returns its address."""
    address = os.environ.get("TAKEAWAY_PRINTER") or f"{HOST}:{port}"
    Printer.objects.update_or_create(store=store, name=NAME, defaults={"address": address})
    return address
