import secrets
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.urls import reverse
from django.utils import timezone

from stores.demo.world import SandboxWord, World
from stores.models import Connection, Store
from trip.addresses import INTERFACES
from trip.choices import PLATFORM, Listing, ListingCheck
from trip.demo import history, messages, today
from trip.demo.sales import Book, Shelf
from trip.demo.sample_products import (
    DAYS_AHEAD,
    OTHER,
    OTHER_PLACES,
    OUR_PLACES,
    OURS,
    Ware,
    lay_out,
    put_on_sale,
    put_on_the_map,
)
from trip.models import Product

PARTNER_IDS = ("13857001", "13857002")

SELLERS = (("stores", OURS, OUR_PLACES), ("other_stores", OTHER, OTHER_PLACES))


class TripDemo:
    """Implements DemoPart (stores/demo/world.py)."""

    fact = "trip"

    def fill(self, world: World) -> None:
        world.facts["trip"] = {"partners": []}
        for partner_id, (rows, wares, places) in zip(PARTNER_IDS, SELLERS, strict=True):
            stores = [
                Store.objects.select_related("merchant").get(pk=row["id"])
                for row in world.facts[rows]
            ]
            for store, place in zip(stores, places, strict=True):
                put_on_the_map(store, place)
            book = self._open(world, self._connect(world, stores[0], partner_id), wares, stores)
            history.live_through(book)
            if wares is OURS:
                untold = today.open_for_us(book)
                book.save()
                messages.write_down(book, untold)
            else:
                today.open_for_the_other(book)
                book.save()
                messages.write_down(book)

    @staticmethod
    def _connect(world: World, store: Store, partner_id: str) -> Connection:
        credentials: dict[str, Any] = {
            "client_id": f"zg{secrets.token_hex(6)}",
            "client_secret": secrets.token_hex(16),
        }
        connection = Connection.objects.create(
            merchant=store.merchant,
            platform=PLATFORM,
            name=f"{store.merchant.name}·门票",
            account=partner_id,
            credentials=credentials,
            state=Connection.State.WORKING,
            checked_at=world.now,
        )
        world.facts["trip"]["partners"].append(
            {"connection": connection.pk, "partner_id": partner_id, **credentials}
        )
        return connection

    @staticmethod
    def _open(
        world: World, connection: Connection, wares: Sequence[Ware], stores: Sequence[Store]
    ) -> Book:
        day = timezone.localdate(world.now)
        shelves = []
        for ware in wares:
            product = put_on_sale(ware, connection, stores[ware.store], day)
            shelves.append(
                Shelf(ware, product, {offer.date: offer for offer in product.offers.all()})
            )
        Product.objects.filter(connection=connection).update(
            created_at=world.now - timedelta(days=60),
            listing=Listing.LISTED,
            listing_check=ListingCheck.PASSED,
            listing_at=world.now - timedelta(days=58),
        )
        staff = User.objects.filter(memberships__merchant=connection.tenant).order_by("pk")
        return Book(connection, shelves, list(staff), world.rng, world.now, world.days)

    def connect(self, world: World) -> None:
        base_url = world.replaced(PLATFORM) or world.sandbox_address(PLATFORM)
        for partner in world.facts["trip"]["partners"]:
            Connection.objects.filter(pk=partner["connection"]).update(base_url=base_url)
            partner["endpoints"] = {
                each.name: world.ports.web_url
                + reverse(f"trip:{each.route}", args=[partner["connection"]])
                for each in INTERFACES
            }
            _lengthen_calendars(partner["connection"], world)

    def sandbox_seeds(self, world: World) -> dict[str, Any]:
        return {}

    def sandbox_words(self, world: World) -> Iterable[SandboxWord]:
        """Registers our endpoints at the simulated Meituan, which can order even if notices go
        elsewhere.
        """
        names = ("partner_id", "client_id", "client_secret", "endpoints")
        return [
            SandboxWord("trip", "partners", {name: partner[name] for name in names})
            for partner in world.facts["trip"]["partners"]
        ]


def _lengthen_calendars(connection_id: int, world: World) -> None:
    """Extends the calendars, so that a demo that is started again weeks later sells for the next
    three months.
    """
    day = timezone.localdate(world.now)
    wares = {
        ware.number: ware
        for ware in (*OURS, *OTHER)
        if ware.calendar and ware.days_ahead == DAYS_AHEAD
    }
    for product in Product.objects.filter(connection=connection_id, deal_id__in=wares):
        lay_out(wares[product.deal_id], product, day, day + timedelta(days=DAYS_AHEAD))


def info(facts: dict[str, Any], sandbox: dict[str, Any]) -> dict[str, Any]:
    """Returns trip's part of `manage.py demo --info`: the data that a reader's own Meituan needs to
    call the owner's merchant.
    """
    ours = facts["trip"]["partners"][0]
    names = ("partner_id", "client_id", "client_secret", "endpoints")
    products = [ware.info() for ware in OURS if ware.is_listed]
    return {"trip": {name: ours[name] for name in names} | {"products": products}}
