"""Meituan's numbers for the states that we report (docs/platforms/trip.md §4.2 to §4.4)."""

from enum import IntEnum


class VoucherStatus(IntEnum):
    """status in voucherList."""

    UNUSED = 0
    USED = 1
    REFUNDED = 2
    VOIDED = 3


class OrderStatus(IntEnum):
    """orderStatus in the answer to a query."""

    CREATED = 2
    CREATE_FAILED = 3
    ISSUED = 4
    ISSUING = 5
    PAY_FAILED = 6


class IssueType(IntEnum):
    """issueType in the pay notice."""

    ISSUED = 1
    FAILED = 2
