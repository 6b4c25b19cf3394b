"""What is counted of all merchants that verify coupons, for the operators' start page."""

from coupons.dashboard.troubles import BLOCKED
from coupons.models import GatewayStore, Verification
from stores.backoffice.health import Counted, done, waiting


def health() -> list[Counted]:
    verified = Verification.objects.filter(status=Verification.Status.VERIFIED)
    return [
        *done(verified, at="created_at"),
        *waiting(Verification.objects.needing_person()),
        *waiting(GatewayStore.objects.filter(BLOCKED)),
    ]
