"""What a guest reads of a coupon that was used before: when and at which counter or phone, no
names.
"""

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from coupons.models import Channel, Verification
from stores.fields import keyed_hash
from stores.models import Store


def used_text(store: Store, *, code: str = "", code_hash: str = "") -> str:
    """Returns when the merchant's stores verified a code; "" when they did not."""
    uses = Verification.objects.uses_of(code_hash or keyed_hash(code), merchant_of=store.pk)
    first = uses.first()
    if first is None:
        return ""
    at = timezone.localtime(first.settled_at or first.created_at)
    values = {"when": date_format(at, "Y-m-d H:i")}
    if first.store_id != store.pk:
        return _("Verified at another store on %(when)s") % values
    if first.channel == Channel.GUEST:
        return _("It was verified here on %(when)s, on a guest's phone.") % values
    return _("It was verified here on %(when)s, by the staff.") % values
