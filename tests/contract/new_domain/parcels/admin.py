from django.contrib import admin

from parcels.models import Parcel
from stores.backoffice.daily import DailyListAdmin
from stores.backoffice.filters import ScopedRelatedFilter
from stores.backoffice.read_only import LedgerAdmin


@admin.register(Parcel)
class ParcelAdmin(DailyListAdmin, LedgerAdmin):
    list_display = ("number", "store", "is_handed_out")
    list_filter = (("store", ScopedRelatedFilter),)
