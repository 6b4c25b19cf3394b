import secrets
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.urls import reverse

from coupons.choices import PLATFORM
from coupons.demo import history
from coupons.demo.codes import by_state, deal_out, seed_of
from coupons.demo.deals import DEALS, OTHER, OURS, GatewayAccount, Listing, sku_of
from coupons.demo.history import Book
from coupons.models import GatewayStore, Product
from stores.demo.world import SandboxWord, World
from stores.models import Connection, Store
from stores.platforms import tokens


class CouponsDemo:
    """Implements DemoPart (stores/demo/world.py)."""

    fact = "umember"

    def fill(self, world: World) -> None:
        world.facts["umember"] = {
            "codes": deal_out(world),
            "passwords": {account.email: secrets.token_urlsafe(12) for account in (OURS, OTHER)},
        }
        for account, rows in ((OURS, world.facts["stores"]), (OTHER, world.facts["other_stores"])):
            books = [
                self._open(world, account, listing, row)
                for listing, row in zip(account.stores, rows, strict=True)
            ]
            for book in books:
                history.write(book)
            if account is OURS:
                lost = world.facts["umember"]["lost_answer"] = books[0].code()
                history.leave_open(books[0], lost)
                history.sell_unlisted(books[1])

    @staticmethod
    def _open(world: World, account: GatewayAccount, listing: Listing, row: dict[str, Any]) -> Book:
        """Creates the store's connection, its gateway row and its products."""
        store = Store.objects.select_related("merchant").get(pk=row["id"])
        row |= {"remote_id": listing.remote_id, "slug": store.guest_slug}
        password = world.facts["umember"]["passwords"][account.email]
        connection, _ = Connection.objects.get_or_create(
            merchant=store.merchant,
            platform=PLATFORM,
            account=account.email,
            defaults={
                "name": f"{store.merchant.name}·团券",
                "credentials": {"password": password},
                "state": Connection.State.WORKING,
                "checked_at": world.now,
            },
        )
        gateway = GatewayStore.objects.create(
            connection=connection,
            store=store,
            remote_id=listing.remote_id,
            remote_name=store.name,
            authorisation=listing.authorisation,
            request_count=listing.request_count,
            synced_at=world.now,
        )
        products = [
            Product.objects.create(
                store=store,
                sku_id=sku_of(listing.remote_id, position),
                name=name,
                sku_name=name,
                price=Decimal(price),
                list_price=Decimal(list_price),
                synced_at=world.now,
            )
            for position, (name, price, list_price) in enumerate(DEALS[listing.trade])
        ]
        staff = User.objects.filter(memberships__merchant=store.merchant).order_by("pk")
        return Book(listing, gateway, products, list(staff), world.rng, world.now, world.days)

    def connect(self, world: World) -> None:
        base_url = world.replaced(PLATFORM) or world.sandbox_address(PLATFORM)
        emails = list(world.facts["umember"]["passwords"])
        moved = Connection.objects.filter(platform=PLATFORM, account__in=emails).exclude(
            base_url=base_url
        )
        for connection in moved:
            Connection.objects.filter(pk=connection.pk).update(base_url=base_url)
            tokens.forget(connection)
        for row in (*world.facts["stores"], *world.facts["other_stores"]):
            path = reverse("coupons:guest", kwargs={"guest_slug": row["slug"]})
            row["guest_page"] = f"{settings.PUBLIC_BASE_URL}{path}"

    def sandbox_seeds(self, world: World) -> dict[str, Any]:
        if world.replaced(PLATFORM):
            return {}
        accounts = [
            seed_of(account, number, world.facts) for number, account in enumerate((OURS, OTHER))
        ]
        return {"umember": {"accounts": accounts}}

    def sandbox_words(self, world: World) -> list[SandboxWord]:
        return []


def info(facts: dict[str, Any], sandbox: dict[str, Any]) -> dict[str, Any]:
    """Returns coupons' part of `manage.py demo --info`; `sandbox` is the content of its state
    file.
    """
    names = ("id", "name", "remote_id", "guest_page")
    return {
        "stores": [{name: row[name] for name in names} for row in facts["stores"]],
        "coupons": by_state(facts, sandbox),
        "other_stores": [{name: row[name] for name in names} for row in facts["other_stores"]],
    }
