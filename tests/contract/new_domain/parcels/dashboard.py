from django.contrib.auth.models import User

from parcels.models import Parcel
from stores.backoffice.widgets import Card, Chosen


def cards(user: User, chosen: Chosen) -> list[Card]:
    waiting = Parcel.objects.for_staff(user).filter(is_handed_out=False).count()
    return [Card("parcels that wait", str(waiting))]
