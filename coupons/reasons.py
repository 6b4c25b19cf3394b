"""The reasons for refusing a verification, each with a text for the guest, one for staff, and the
next step of both.
"""

from dataclasses import dataclass

from django.db import models
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from coupons.codes import SEVERAL_CODES
from coupons.codes.lookalikes import NoCode


class Reason(models.TextChoices):
    NOT_FOUND = "not_found", _("No such coupon")
    ALREADY_USED = "already_used", _("Already used")
    EXPIRED = "expired", _("Expired")
    REFUNDED = "refunded", _("Refunded")
    WRONG_STORE = "wrong_store", _("For another store")
    NOT_YET_VALID = "not_yet_valid", _("Not valid yet")
    NOT_ON_THIS_DAY = "not_on_this_day", _("Not valid today")
    STORE_UNAUTHORISED = "store_unauthorised", _("Store not authorised")
    AUTHORISATION_EXPIRED = "authorisation_expired", _("Authorisation expired")
    QUOTA_EXHAUSTED = "quota_exhausted", _("Quota used up")
    THROTTLED = "throttled", _("Too busy")
    SKU_UNMAPPED = "sku_unmapped", _("Product not in the list")
    MALFORMED_CODE = "malformed_code", _("Not a coupon code")
    TOO_MANY_TRIES = "too_many_tries", _("Too many tries")
    PLATFORM_DOWN = "platform_down", _("Meituan not reachable")
    WITHDRAWN = "withdrawn", _("Withdrawn by the staff")
    REFUSED_OTHER = "refused_other", _("Refused by Meituan")


@dataclass(frozen=True)
class Texts:
    """`next_step` is for staff; `guest_step` is for guests when the text `guest` does not contain
    the next step.
    """

    guest: StrOrPromise
    staff: StrOrPromise
    next_step: StrOrPromise
    guest_step: StrOrPromise = ""


TEXTS: dict[str, Texts] = {
    Reason.NOT_FOUND: Texts(
        _("We could not find this coupon. Please check the number."),
        _("Meituan does not know this code."),
        _("Have the guest open the order in the Meituan app and read the code again."),
        _("Open your order in the Meituan app and read the number again, or ask the staff."),
    ),
    Reason.ALREADY_USED: Texts(
        _("This coupon has already been used."),
        _("This coupon was used before."),
        _(
            "Compare with the list of verifications;"
            " if it is not there, the guest can check in the Meituan app."
        ),
        _(
            "Your order in the Meituan app shows when it was used."
            " If that was not you, ask the staff."
        ),
    ),
    Reason.EXPIRED: Texts(
        _("This coupon has expired."),
        _("This coupon has expired."),
        _("The guest can ask for a refund in the Meituan app."),
        _("You can ask for a refund in the Meituan app."),
    ),
    Reason.REFUNDED: Texts(
        _("This coupon has been refunded."),
        _("This coupon was refunded to the guest."),
        _("The guest needs another coupon or pays here."),
        _("Use another coupon, or pay at the counter."),
    ),
    Reason.WRONG_STORE: Texts(
        _("This coupon is for another store."),
        _("This coupon belongs to another store."),
        _("Have the guest check in the Meituan app which store it is for."),
        _("Look in your order in the Meituan app for the stores that it is for."),
    ),
    Reason.NOT_YET_VALID: Texts(
        _("This coupon is not valid yet."),
        _("This coupon is not valid yet."),
        _("Look at the start date in the Meituan app."),
        _("Your order in the Meituan app shows from which day it is valid."),
    ),
    Reason.NOT_ON_THIS_DAY: Texts(
        _("This coupon cannot be used today."),
        _("This coupon cannot be used on this day."),
        _("Look at the rules of the deal: some days are excluded."),
        _("Your order in the Meituan app shows on which days it is valid."),
    ),
    Reason.STORE_UNAUTHORISED: Texts(
        _("This store cannot accept coupons online at the moment. Please ask the staff."),
        _("This store is not connected with Meituan."),
        _("The owner authorises the store with the gateway, then syncs the stores."),
    ),
    Reason.AUTHORISATION_EXPIRED: Texts(
        _("This store cannot accept coupons online at the moment. Please ask the staff."),
        _("Meituan's authorisation of this store has expired."),
        _("The owner renews the authorisation with the gateway, then syncs the stores."),
    ),
    Reason.QUOTA_EXHAUSTED: Texts(
        _("This store cannot accept coupons online at the moment. Please ask the staff."),
        _("The calls bought from the gateway are used up."),
        _("The owner buys more calls, then syncs the stores."),
    ),
    Reason.THROTTLED: Texts(
        _("It is busy right now. Please try again in a moment. Your coupon was not used."),
        _("The gateway limits calls and was too busy. The coupon was not used."),
        _("Try again in a moment."),
    ),
    Reason.SKU_UNMAPPED: Texts(
        _("Your coupon is verified. The staff will help you with the details."),
        _("The deal is not in the list of products."),
        _("Sync the products."),
    ),
    Reason.MALFORMED_CODE: Texts(
        _("This does not look like a coupon number. It has only digits, usually 12."),
        _("This is not a coupon code: it has only digits, usually 12."),
        _("Scan again or type the digits below the code."),
    ),
    Reason.TOO_MANY_TRIES: Texts(
        _("Too many tries. Please wait a few minutes or ask the staff."),
        _("Too many tries from this address."),
        _("Verify the coupon at the counter."),
    ),
    Reason.PLATFORM_DOWN: Texts(
        _("Meituan cannot be reached right now. Your coupon was not used. Please ask the staff."),
        _("Meituan could not be reached in time. The coupon was not used."),
        _("Try again later, or verify it in Meituan's own app."),
    ),
    Reason.WITHDRAWN: Texts(
        _("The staff withdrew this before it was sent. Your coupon was not used."),
        _("Withdrawn before it was sent: the coupon was not used."),
        _("Scan it again when the guest is back."),
    ),
    Reason.REFUSED_OTHER: Texts(
        _("Meituan did not accept this coupon. Please ask the staff."),
        _("Meituan refused; see its own words."),
        _("Read the gateway's words; try Meituan's own app."),
    ),
}
# An outage: the same code may be sent again as a new try.
OUTAGES = frozenset({Reason.PLATFORM_DOWN, Reason.THROTTLED})
# These are facts about the coupon itself; the others concern the store, the platform, or nothing
# certain.
ABOUT_THE_COUPON = frozenset(
    {
        Reason.NOT_FOUND,
        Reason.ALREADY_USED,
        Reason.EXPIRED,
        Reason.REFUNDED,
        Reason.WRONG_STORE,
        Reason.NOT_YET_VALID,
        Reason.NOT_ON_THIS_DAY,
    }
)
# The texts while a verification waits for a platform that fails: it is not refused, and the coupon
# is not spent.
HELD_UP = Texts(
    _(
        "Meituan does not answer at the moment. We keep trying."
        " Your coupon has not been used. Please ask the staff."
    ),
    _("Meituan does not answer at the moment. We keep trying; the coupon has not been used."),
    _("Wait here, or verify it in Meituan's own app: it is never used twice."),
)
# What staff and guests read while an answer takes long.
SLOW = _("Meituan is slow: %(seconds)d seconds so far. The coupon is never used twice.")
# The texts while it is unknown whether the coupon was spent.
UNCLEAR = Texts(
    _("We are asking Meituan whether it worked"),
    _("Meituan's answer was lost. We are asking what became of it."),
    _("Do not enter it again elsewhere; the result appears here."),
)
UNDECIDED = Texts(
    _("We cannot find out from Meituan whether it worked"),
    _(
        "Meituan's answer was lost, and Meituan does not say what became of the coupon."
        " A person has to decide."
    ),
    _("Look in Meituan's own app, then settle it in the list of verifications."),
)
# The texts for a second guest with the same code while it is being verified for somebody else.
BEING_USED = Texts(
    _("This coupon is being verified right now, on another phone or at the counter."),
    _("This coupon is being verified right now, on another phone or at the counter."),
    _("Wait for that result: a coupon counts only once."),
    _("A coupon counts only once. If it is yours, ask the staff."),
)

# The texts while many wrong numbers come from the guest's network or at the store.
SLOWED = Texts(
    _("Many wrong numbers come from this network right now, so it goes slowly."),
    _("Many wrong numbers come from this network right now, so it goes slowly."),
    _("Verify the coupon at the counter."),
    _("Your coupon has not been touched."),
)

# The texts for what was read instead of one code, by `Reading.read_as`. Nothing of it is sent or
# stored.
_TYPE_THE_CODE = _("Scan again or type the digits below the code. Nothing was sent.")
_YOUR_CODE = _("The coupon number stands below the code in your Meituan order, usually 12 digits.")
_SHOW_THE_COUPON = _("Have the guest open the coupon in the Meituan app. Nothing was sent.")
READ: dict[str, Texts] = {
    NoCode.PAYMENT: Texts(
        _("This is a payment code: please put it away. Nothing was read from it."),
        _("This is a payment code, please put it away"),
        _SHOW_THE_COUPON,
        _YOUR_CODE,
    ),
    NoCode.ID_CARD: Texts(
        _("This is an ID number, no coupon number."),
        _("This is an ID number"),
        _SHOW_THE_COUPON,
        _YOUR_CODE,
    ),
    NoCode.BANK_CARD: Texts(
        _("This is the number of a bank card, no coupon number."),
        _("This is the number of a bank card"),
        _SHOW_THE_COUPON,
        _YOUR_CODE,
    ),
    NoCode.ROUNDED: Texts(
        _("This number was rounded by a spreadsheet."),
        _("This number was rounded by a spreadsheet: digits are missing"),
        _("Format the column as text, then copy it again. Nothing was sent."),
        _YOUR_CODE,
    ),
    NoCode.LACKS_ZERO: Texts(
        _("These are 11 digits: there may be a zero missing in front."),
        _("11 digits: there may be a zero missing in front"),
        _("Compare with the guest's order and choose. Nothing was sent."),
        _("Compare with your order and choose."),
    ),
    NoCode.UNCLEAR: Texts(
        _("It is not clear which of these digits are the coupon number."),
        _("It is not clear which of these digits are a code"),
        _("Enter only the digits of the code. Nothing was sent."),
        _("Enter only the digits of the coupon number."),
    ),
    NoCode.GOODS: Texts(
        _("This looks like the barcode of goods."),
        _("This looks like the barcode of goods"),
        _SHOW_THE_COUPON,
        _YOUR_CODE,
    ),
    NoCode.MOBILE: Texts(
        _("This is a mobile number, no coupon number."),
        _("This is a mobile number"),
        _TYPE_THE_CODE,
        _YOUR_CODE,
    ),
    NoCode.SERVICE_NUMBER: Texts(
        _("This looks like a service telephone number."),
        _("This looks like a service telephone number"),
        _TYPE_THE_CODE,
        _YOUR_CODE,
    ),
    NoCode.LANDLINE: Texts(
        _("This is a telephone number, no coupon number."),
        _("This is a telephone number"),
        _TYPE_THE_CODE,
        _YOUR_CODE,
    ),
    NoCode.WAYBILL: Texts(
        _("This is a courier's number, no coupon number."),
        _("This is the number of a parcel"),
        _SHOW_THE_COUPON,
        _YOUR_CODE,
    ),
    NoCode.ORDER_NUMBER: Texts(
        _("This is an order number. The coupon number stands below it."),
        _("This is an order number, no coupon code"),
        _("Scan or type the code of the coupon in this order. Nothing was sent."),
        _YOUR_CODE,
    ),
    NoCode.LETTERS: Texts(
        _("This number has letters: a coupon number has only digits."),
        _("A number with letters: a coupon code has only digits"),
        _TYPE_THE_CODE,
        _YOUR_CODE,
    ),
    NoCode.TOO_LONG: Texts(
        _("These are too many digits for a coupon number."),
        _("Too many digits for a coupon code"),
        _TYPE_THE_CODE,
        _YOUR_CODE,
    ),
    NoCode.DAY: Texts(
        _("This is a date, no coupon number."),
        _("This is a date"),
        _TYPE_THE_CODE,
        _YOUR_CODE,
    ),
    NoCode.TOO_SHORT: Texts(
        _("These are too few digits for a coupon number."),
        _("Too few digits for a coupon code"),
        _TYPE_THE_CODE,
        _YOUR_CODE,
    ),
    NoCode.OTHER: Texts(
        _("This does not look like a coupon number."),
        _("No code found in what was entered"),
        _TYPE_THE_CODE,
        _YOUR_CODE,
    ),
    NoCode.EMPTY: Texts(
        _("Please enter the coupon number."),
        _("Nothing was entered"),
        _TYPE_THE_CODE,
        _YOUR_CODE,
    ),
    # A field for one code holds several.
    SEVERAL_CODES: Texts(
        _("Several coupon numbers were found. Choose the one to use now."),
        _("Several codes were found in what was entered"),
        _("Send one code at a time, or a batch."),
    ),
}
