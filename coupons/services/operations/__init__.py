"""The outbound calls of coupons (`detail` then `verify`, or only a look-up), and the effect of each
outcome on the ledger.

reading.py: the look-up · detail.py: a verification's first step · spend.py: its verify.
"""

from coupons.services.operations.detail import ReadDetail
from coupons.services.operations.reading import LookUp, Reading
from coupons.services.operations.spend import SpendCoupon, adopt_detail, owe_verify

__all__ = ["LookUp", "ReadDetail", "Reading", "SpendCoupon", "adopt_detail", "owe_verify"]
