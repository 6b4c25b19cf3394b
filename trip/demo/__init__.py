"""Trip's part of the demo: tickets of every kind, four weeks of orders, and open tasks of today.

sample_products.py: the products · history.py: the past orders · today.py: orders that need a person
· messages.py: the ledgers of the orders · part.py: puts the parts together, and answers `demo
--info`.
"""

from trip.demo.part import TripDemo, info

__all__ = ["TripDemo", "info"]
