"""Choices that tables, wire and services share, and the exception that refuses a call."""

from django.db import models
from django.utils.translation import gettext_lazy as _

# The short name of the ticket interfaces in stored rows, and the scope of API keys.
PLATFORM = "trip"
TRIP = "trip"
# The permission to manage ticket products and their stock, and to decide refunds.
SELL = "sell"


class Code(models.IntegerChoices):
    """Answer codes to Meituan: a hundred per interface, x99 means "other" (docs/platforms/trip.md
    §4.1).
    """

    SUCCESS = 200, _("success")
    BAD_PRICE_QUERY = 201, _("wrong dates")
    PRICES_OTHER = 299, _("prices not available")
    OTHER = 300, _("other failure")
    NO_SUCH_ORDER = 301, _("no such order")
    QUERY_OTHER = 399, _("query failed")
    INVALID = 410, _("order data refused")
    NO_STOCK = 420, _("sold out")
    NOT_ON_SALE = 421, _("product not on sale")
    OUTSIDE_BOOKING = 422, _("outside the booking time")
    CREATE_OTHER = 499, _("create failed")
    ISSUING = 598, _("tickets are being issued")
    PAY_OTHER = 599, _("pay failed")
    REFUNDED = 601, _("refunded")
    UNDER_REVIEW = 602, _("refund under review")
    REFUND_REFUSED = 606, _("refund refused")
    NOT_REFUNDABLE = 607, _("product is not refundable")
    REFUND_OTHER = 699, _("refund failed")


class Refusal(Exception):
    """Our refusal to Meituan: a `code` of the interface and the true reason, which Meituan's staff
    and guests read in Chinese.

    `lasting`: the same request will always be refused in the same way, so the answer may be
    replayed.
    """

    def __init__(self, code: int, reason: str, *, lasting: bool = False) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason
        self.lasting = lasting


class VoucherType(models.IntegerChoices):
    """voucherType: the kind of code that is checked at the entrance."""

    NONE = 0, _("no code: the visitor's name or phone")
    PER_TICKET = 1, _("one code per ticket")
    PER_ORDER = 2, _("one code per order")


class Issuing(models.TextChoices):
    """The source of the voucher codes."""

    OWN = "own", _("our own codes, at once")
    UPSTREAM = "upstream", _("the merchant's ticketing system or staff")


class VisitorInfo(models.IntegerChoices):
    """visitorInfoType: how many visitors an order must name."""

    NONE = 1, _("none")
    ONE = 2, _("one per order")
    EACH = 3, _("every visitor")
    GROUP = 4, _("one per group")


class CredentialType(models.IntegerChoices):
    """credentialType: the certificate types of Meituan."""

    IDENTITY_CARD = 0, _("identity card")
    PASSPORT = 1, _("passport")
    MILITARY_OFFICER = 2, _("military officer's card")
    TAIWAN = 3, _("Taiwan compatriot permit")
    HONG_KONG_MACAU = 4, _("Hong Kong and Macau permit")
    MAINLAND_TO_TAIWAN = 5, _("mainland to Taiwan permit")


class RefundType(models.IntegerChoices):
    """refundType: the refund policy that Meituan shows to the buyer."""

    ANY_TIME = 1, _("any time while unused")
    NEVER = 3, _("never")
    CONDITIONAL = 4, _("by steps, with fees")


class FeeMode(models.IntegerChoices):
    """refundFeeMode: how the fee of one step is counted."""

    NONE = 1, _("no fee")
    PER_TICKET = 2, _("yuan per ticket")
    PER_ORDER = 3, _("yuan per order")
    PERCENT = 4, _("percent of the price")


class BookAhead(models.IntegerChoices):
    """aheadHoursType: the latest time for a booking."""

    ANY = 1, _("any time")
    MINUTES = 2, _("some minutes before the last entry")
    CLOCK = 3, _("until a time of day, some days before")


class Listing(models.IntegerChoices):
    """status of the edit-audit notice (编审状态)."""

    TO_LIST = 0, _("about to be listed")
    LISTED = 1, _("listed")
    FAILED = 2, _("listing failed")
    OFFLINE = 3, _("taken off")
    NOT_ONLINE = 4, _("not listed")


class ListingCheck(models.IntegerChoices):
    """checkStatus of the edit-audit notice."""

    PENDING = 0, _("being audited")
    PASSED = 1, _("passed")
    REJECTED = 2, _("rejected")
    EXEMPT = 3, _("exempt")
    BLACKLISTED = 4, _("blacklisted")
    NOT_SUBMITTED = 5, _("not submitted")


class CloseType(models.IntegerChoices):
    """closeType of the close message."""

    UNPAID = 1, _("not paid")
    CREATE_FAILED = 2, _("our create call failed")
    PAY_FAILED = 3, _("our pay call failed, Meituan refunded")


class RefundedBecause(models.IntegerChoices):
    """refundMessageType of the already-refunded message."""

    CUSTOMER_SERVICE = 1, _("Meituan's customer service refunded")
    PAY_UNCLEAR = 2, _("the payment never showed success")
    REVIEW_TIMED_OUT = 3, _("the review took too long")


class Trouble(models.TextChoices):
    """Problems that a person must settle with Meituan."""

    CLOSED_AFTER_USE = "closed_after_use", _("Meituan closed the order, but tickets were used")
    CLOSED_AFTER_ISSUE = (
        "closed_after_issue",
        _("Meituan closed the order as not paid, but tickets were issued"),
    )
    CLOSED_WHILE_ISSUING = (
        "closed_while_issuing",
        _("Meituan closed the order while its tickets were being prepared: issue none"),
    )
    REFUNDED_AFTER_USE = (
        "refunded_after_use",
        _("Meituan refunded more tickets than could be taken back"),
    )


class Method(models.TextChoices):
    """The source of a decision, an issue or a consumption."""

    COUNTER = "counter", _("counter")
    API = "api", _("own system")
    ADMIN = "admin", _("back office")
    AUTO = "auto", _("by itself")
    MEITUAN = "meituan", _("Meituan")
    DRILL = "drill", _("acceptance drill")
