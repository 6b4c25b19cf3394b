"""Why orders are cancelled, by Meituan's codes (docs/platforms/takeaway.md §4.1)."""

from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

# What the shop may give as its reason, in the order of a list to choose from.
OFFERED: dict[str, StrOrPromise] = {
    "2009": _("sold out"),
    "2008": _("the shop is too busy"),
    "2011": _("the shop is closed"),
    "2010": _("the address is out of reach"),
    "2012": _("the customer cannot be reached"),
    "2006": _("the customer asked for it"),
    "2013": _("ordered twice"),
    "2007": _("another reason"),
}
CHOICES = list(OFFERED.items())
OTHER = "2007"
KNOWN: dict[str, StrOrPromise] = OFFERED | {
    "1001": _("not accepted in time"),
    "1002": _("not paid"),
    "1101": _("the customer, while paying"),
    "1102": _("the customer, before it was accepted"),
    "1103": _("the customer, with a refund"),
    "1201": _("customer service: ordered by mistake"),
    "1202": _("customer service: a test"),
    "1203": _("customer service: ordered twice"),
    "1204": _("customer service, another reason"),
    "1301": _("another reason"),
    "2001": _("not accepted in time"),
    "2002": _("changed by the shop"),
    "2003": _("cancelled by the shop"),
    "2004": _("the delivery is late"),
    "2005": _("a complaint"),
    "2014": _("the rider came late"),
    "2015": _("the rider delivered late"),
    "2016": _("the rider lost or spilt it"),
}


def reason_text(code: str) -> StrOrPromise:
    """Returns how people read a code; "" for one that is not known."""
    return KNOWN.get(code, "")
