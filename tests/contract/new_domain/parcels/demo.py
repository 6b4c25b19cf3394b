from parcels.models import Parcel
from stores.models import Store


class ParcelsDemo:
    """Implements stores.demo.world.DemoPart."""

    fact = "parcels"

    def fill(self, world) -> None:
        store = Store.objects.earliest("pk")
        Parcel.objects.create(store=store, number="P00000001")
        world.facts["parcels"] = ["P00000001"]

    def connect(self, world) -> None:
        pass

    def sandbox_seeds(self, world):
        return {"parcels": {"numbers": world.facts["parcels"]}}

    def sandbox_words(self, world):
        return []


def info(facts, state):
    return {"parcels": facts["parcels"]}
