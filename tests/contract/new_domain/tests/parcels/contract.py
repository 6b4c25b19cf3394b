from parcels.models import Parcel
from tests.contract.kinds import Expect, Side

ADMINS = {"parcels.Parcel": Expect("clerk")}
ROWS = {Parcel: lambda store: Parcel.objects.create(store=store, number=f"P{store.pk:08}")}


def admin_rows(side: Side):
    number = f"{side.word}-{side.store.pk}"
    return {"parcels.Parcel": Parcel.objects.create(store=side.store, number=number)}


def hidden_rows(side: Side, store):
    Parcel.objects.create(store=store, number=f"alpha-hidden-{store.pk}")
    return {}
