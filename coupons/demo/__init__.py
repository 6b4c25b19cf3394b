"""Coupons' part of the demo: deals, four weeks of verifications, and the codes that the sandbox knows.

deals.py: what is on sale · history.py: what has happened so far · codes.py: what can be tried.
"""

from coupons.demo.part import CouponsDemo, info

__all__ = ["CouponsDemo", "info"]
