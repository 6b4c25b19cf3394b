"""Trip's part of the demo: tickets of every kind, four weeks of orders, and what waits for somebody today.

wares.py: what is on sale · history.py: what has happened so far · today.py: what needs a person · said.py: the ledgers
of the newest orders · part.py: how it comes together, and what `demo --info` tells.
"""

from trip.demo.part import TripDemo, info

__all__ = ["TripDemo", "info"]
