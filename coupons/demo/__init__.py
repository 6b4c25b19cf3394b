"""Coupons' part of the demo: deals, four weeks of verifications, and the codes of the sandbox.

deals.py: the products · history.py: the past verifications · codes.py: codes to try.
"""

from coupons.demo.part import CouponsDemo, info

__all__ = ["CouponsDemo", "info"]
