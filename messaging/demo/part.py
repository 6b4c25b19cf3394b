import secrets
from collections.abc import Iterable
from typing import Any

from django.urls import reverse

from messaging.addresses import ADDRESSES
from messaging.choices import PLATFORM, Opening, Provider
from messaging.demo import cards, chat, history, printers
from messaging.demo.menu import CAT_CAFE, TEA_HOUSE
from messaging.models import TakeawayStore
from stores.demo.world import SandboxWord, World
from stores.models import Connection, Merchant, Store

DEVELOPER = 100_200
# position among the demo's stores, kind of provider, name at Meituan, dishes, orders a day
SHOPS = (
    (0, Provider.TAKING, "港记茶餐厅（人民路店）", TEA_HOUSE, 14),
    (3, Provider.READING, "暖阳咖啡", CAT_CAFE, 6),
)
# A new user has that long before Meituan cancels what waits.
ACCEPT_MINUTES = 30


class TakeawayDemo:
    """Implements DemoPart (stores/demo/world.py)."""

    fact = "takeaway"

    def fill(self, world: World) -> None:
        merchant = Merchant.objects.get(pk=self._store(world, 0).merchant_id)
        sign_key = secrets.token_hex(16)
        developer = Connection.objects.create(
            merchant=merchant,
            platform=PLATFORM,
            name=f"{merchant.name}·外卖",
            account=str(DEVELOPER),
            credentials={"sign_key": sign_key, "im_secret": secrets.token_hex(8)},
            state=Connection.State.WORKING,
            checked_at=world.now,
        )
        chat.set_up(merchant)
        rows = []
        for position, provider, name, plates, a_day in SHOPS:
            row = self._bind(world, developer, self._store(world, position), provider, name)
            history.live_through(world, row, plates, a_day)
            chat.open_chat(row)
            rows.append(row)
        cards.fill(world, rows[0])
        world.facts["takeaway"] = {
            "connection": developer.pk,
            "developer_id": DEVELOPER,
            "sign_key": sign_key,
            "im_secret": developer.credentials["im_secret"],
            "stores": [
                {
                    "id": row.store_id,
                    "epoi_id": row.connection.account,
                    "business_id": int(row.provider),
                    "app_auth_token": row.connection.token,
                    "name": row.poi_name,
                }
                for row in rows
            ],
            "orders": history.waiting(rows[0], TEA_HOUSE, world.now),
        }

    @staticmethod
    def _store(world: World, position: int) -> Store:
        return Store.objects.get(pk=world.facts["stores"][position]["id"])

    @staticmethod
    def _bind(
        world: World, developer: Connection, store: Store, provider: Provider, name: str
    ) -> TakeawayStore:
        connection = Connection.objects.create(
            merchant=store.merchant,
            parent=developer,
            platform=PLATFORM,
            name=store.name,
            account=f"zg{store.pk}-demo{int(provider)}",
            token=secrets.token_hex(24),
            state=Connection.State.WORKING,
            checked_at=world.now,
        )
        return TakeawayStore.objects.create(
            connection=connection,
            store=store,
            provider=provider,
            state=TakeawayStore.State.BOUND,
            bound_at=world.now,
            poi_id=str(10_000_000 + store.pk),
            poi_name=name,
            opening=Opening.OPEN,
            opening_at=world.now,
            accept_minutes=ACCEPT_MINUTES,
        )

    def connect(self, world: World) -> None:
        facts = world.facts["takeaway"]
        base_url = world.replaced(PLATFORM) or world.sandbox_address(PLATFORM)
        Connection.objects.filter(pk=facts["connection"]).update(base_url=base_url)
        # A store that was bound anew while the demo ran has another token.
        known = Connection.objects.filter(parent=facts["connection"])
        tokens = {row.account: row.token for row in known}
        for shop in facts["stores"]:
            shop["app_auth_token"] = tokens.get(shop["epoi_id"]) or shop["app_auth_token"]
        facts["push"] = {
            each.kind.value: world.ports.web_url
            + reverse(f"takeaway:{each.route}", args=[facts["connection"]])
            for each in ADDRESSES
        }
        facts["printer_port"] = printers.port_for(facts.get("printer_port", 0))
        store = Store.objects.get(pk=facts["stores"][0]["id"])
        facts["printer"] = printers.connect(store, facts["printer_port"])
        world.variables["TAKEAWAY_PRINTER_NETWORKS"] = printers.allowed(facts["printer"])

    def sandbox_seeds(self, world: World) -> dict[str, Any]:
        return {}

    def sandbox_words(self, world: World) -> Iterable[SandboxWord]:
        """Tells the simulated Meituan our addresses, and once the orders that wait."""
        facts = world.facts["takeaway"]
        developer = {name: facts[name] for name in ("developer_id", "sign_key", "im_secret")}
        shops = [
            {name: row[name] for name in ("epoi_id", "business_id", "app_auth_token", "name")}
            | {"im_subscribed": True}
            for row in facts["stores"]
        ]
        seed = {
            "developer": developer | {"push": facts["push"]},
            "stores": shops,
            "orders": facts["orders"],
        }
        return [
            SandboxWord(
                PLATFORM,
                "settings",
                {
                    "confirm_seconds": ACCEPT_MINUTES * 60,
                    "printer_port": facts["printer_port"],
                },
            ),
            SandboxWord(PLATFORM, "seed", seed),
        ]


def info(facts: dict[str, Any], sandbox: dict[str, Any]) -> dict[str, Any]:
    """Returns takeaway's part of `manage.py demo --info`: what another Meituan needs to push to the
    owner's stores.
    """
    ours = facts["takeaway"]
    names = ("developer_id", "sign_key", "push", "printer")
    shops = [
        {name: row[name] for name in ("id", "epoi_id", "business_id", "app_auth_token")}
        for row in ours["stores"]
    ]
    there = f"{facts['sandbox']}/takeaway"
    pages = {"customer_page": f"{there}/customer", "printer_page": f"{there}/printer"}
    return {"takeaway": {name: ours[name] for name in names} | {"stores": shops} | pages}
