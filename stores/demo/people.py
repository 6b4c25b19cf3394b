"""The demo's two merchants: their stores, staff, API keys, and first audit entries."""

import secrets
from datetime import timedelta

from django.contrib.auth.models import User

from stores import audit
from stores.demo.world import SandboxWord, World
from stores.fields import keyed_hash
from stores.models import ApiKey, AuditEntry, Merchant, Staff, Store
from stores.roles import Role
from stores.text import LEGIBLE

OURS, OTHER = "海棠文娱", "星河休闲"
Trade = Store.Trade
STORES: dict[str, tuple[tuple[str, str, str, str], ...]] = {
    OURS: (
        ("雀友棋牌室（人民路店）", Trade.CHESS, "上海市浦东新区人民路 88 号 2 楼", "021-55550101"),
        (
            "黑八台球厅（万达店）",
            Trade.BILLIARDS,
            "上海市浦东新区周浦万达 3 楼 3021",
            "021-55550102",
        ),
        ("铁馆健身房（城西店）", Trade.GYM, "上海市徐汇区钦州路 201 号", "021-55550103"),
        ("喵呜撸猫馆", Trade.CAT_CAFE, "上海市静安区愚园路 546 号", "021-55550104"),
    ),
    OTHER: (
        ("星河台球俱乐部", Trade.BILLIARDS, "杭州市西湖区文三路 90 号", "0571-55550201"),
        ("听松棋牌社", Trade.CHESS, "杭州市拱墅区莫干山路 12 号", "0571-55550202"),
    ),
}
# user name: last name, first name, merchant, role, positions of the stores that the person works in
PEOPLE: dict[str, tuple[str, str, str, Role | None, tuple[int, ...]]] = {
    "operator": ("陈", "思远", "", None, ()),
    "owner": ("林", "晓梅", OURS, Role.OWNER, ()),
    "manager": ("王", "志强", OURS, Role.MANAGER, (0, 1)),
    "clerk": ("张", "婷", OURS, Role.CLERK, (0,)),
    "other_owner": ("赵", "立新", OTHER, Role.OWNER, ()),
}


class PeopleDemo:
    """A DemoPart.

    Later parts find the merchants by name and the stores in `facts["stores"]`, in STORES' order.
    """

    fact = "users"

    def fill(self, world: World) -> None:
        merchants = {name: Merchant.objects.create(name=name) for name in STORES}
        stores = {name: self._stores(merchant) for name, merchant in merchants.items()}
        world.facts |= {
            "users": {name: self._person(name, merchants, stores) for name in PEOPLE},
            "api_key": self._key(merchants[OURS], "收银系统"),
            "other_api_key": self._key(merchants[OTHER], "星河小程序"),
            "stores": [{"id": store.pk, "name": store.name} for store in stores[OURS]],
            "other_stores": [{"id": store.pk, "name": store.name} for store in stores[OTHER]],
        }
        self._audit(world, merchants[OURS], stores[OURS])

    def connect(self, world: World) -> None:
        """Gives a key of an earlier version the scopes that were added since."""
        for secret in (world.facts["api_key"], world.facts["other_api_key"]):
            ApiKey.objects.filter(digest=keyed_hash(secret)).update(scopes=ApiKey.all_scopes())

    def sandbox_seeds(self, world: World) -> dict[str, object]:
        return {}

    def sandbox_words(self, world: World) -> list[SandboxWord]:
        return []

    @staticmethod
    def _stores(merchant: Merchant) -> list[Store]:
        return [
            Store.objects.create(
                merchant=merchant, name=name, trade=trade, address=address, phone=phone
            )
            for name, trade, address, phone in STORES[merchant.name]
        ]

    @staticmethod
    def _person(
        name: str, merchants: dict[str, Merchant], stores: dict[str, list[Store]]
    ) -> dict[str, str]:
        last, first, merchant, role, positions = PEOPLE[name]
        password = "".join(secrets.choice(LEGIBLE) for _ in range(10))
        create = User.objects.create_user if role else User.objects.create_superuser
        user = create(name, password=password, first_name=f"{last}{first}", is_staff=True)
        if role:
            staff = Staff.objects.create(user=user, merchant=merchants[merchant], role=role)
            staff.stores.set([stores[merchant][position] for position in positions])
        return {"username": name, "password": password}

    @staticmethod
    def _key(merchant: Merchant, name: str) -> str:
        key = ApiKey(merchant=merchant, name=name, scopes=ApiKey.all_scopes())
        secret = key.renew_secret()
        key.save()
        return secret

    @staticmethod
    def _audit(world: World, merchant: Merchant, stores: list[Store]) -> None:
        owner, manager = User.objects.get(username="owner"), User.objects.get(username="manager")
        told = (
            (27, audit.record("store added", actor=owner, store=stores[0], target=stores[0])),
            (
                26,
                audit.record(
                    "staff added", actor=owner, merchant=merchant, target=manager.get_full_name()
                ),
            ),
            (12, audit.record("apikey added", actor=owner, merchant=merchant, target="收银系统")),
            (
                3,
                audit.record(
                    "verifications exported",
                    actor=manager,
                    store=stores[1],
                    target=stores[1],
                    rows=312,
                ),
            ),
        )
        for days, entry in told:
            AuditEntry.objects.filter(pk=entry.pk).update(
                at=world.now - timedelta(days=days, minutes=17)
            )
