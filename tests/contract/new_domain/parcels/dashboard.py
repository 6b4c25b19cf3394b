from django.contrib.auth.models import User
from django.db.models import Q

from parcels.models import Parcel
from stores.backoffice.search import Searcher
from stores.backoffice.widgets import Card, Chosen

SEARCHER = Searcher(
    rows=Parcel.objects.all,
    said=lambda parcel: f"…{parcel.number[-4:]}",
    tail=lambda tail: Q(number__endswith=tail),
    at="arrived_at",
)


def cards(user: User, chosen: Chosen) -> list[Card]:
    waiting = Parcel.objects.for_staff(user).filter(is_handed_out=False).count()
    return [Card("parcels that wait", str(waiting))]
