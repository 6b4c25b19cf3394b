"""Takeaway's part of the demo: a developer account with a store of each kind, weeks of orders, and
some that wait.
"""

from messaging.demo.part import TakeawayDemo, info

__all__ = ["TakeawayDemo", "info"]
