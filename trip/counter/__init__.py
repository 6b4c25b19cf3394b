"""Tickets at the counter.

kind.py is what the scan box asks · finding.py finds tickets and orders · standing.py says whether
they can be used · cards.py shows it.
"""

from trip.counter.kind import VoucherKind

__all__ = ["VoucherKind"]
