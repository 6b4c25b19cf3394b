from django.contrib import admin

from parcels.models import Parcel
from stores.backoffice.base import LedgerAdmin


@admin.register(Parcel)
class ParcelAdmin(LedgerAdmin):
    list_display = ("number", "store", "is_handed_out")
