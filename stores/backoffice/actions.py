"""What the buttons of alerts say: a verb, and what it is done to where that is not plain."""

from django.utils.translation import gettext_lazy as _

ACCEPT = _("Accept them")
ANNOUNCE = _("Announce it")
ANSWER = _("Answer")
BIND = _("Bind again")
CHOOSE = _("Choose")
DECIDE = _("Decide")
ENTER_CODES = _("Enter codes")
ENTER_CREDENTIALS = _("Enter credentials")
FILL_IN = _("Fill it in")
HANDLE_AGAIN = _("Handle again")
LOOK = _("Look at them")
LOOK_AT_PRINTER = _("Look at the printer")
OPEN_STORE = _("Open the store")
SEE_WHY = _("See why")
SEND_AGAIN = _("Send again")
SET_PRICES = _("Set prices")
