import secrets
from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.urls import reverse

from delivery.choices import PLATFORM, Audit
from delivery.demo import bill, history, today
from delivery.models import CourierAccount, DeliveryStore, StoreCourier
from delivery.services.choosing import Rule
from delivery.services.escalating import Do, Step
from stores.demo.world import SandboxWord, World
from stores.models import Connection, Store
from stores.platforms import tokens

# As the sandbox has it: another WeChat is not told the AppSecret.
APPID, APP_SECRET = "wxdemo0000000001", "demo-app-secret"
# WeChat's own test account, which each mini-program has.
TEST = {"delivery_id": "TEST", "shopid": "test_shop_id"}
TEST_SECRET = "test_app_secrect"  # noqa: S105
# An EncodingAESKey, from which WeChat makes 32 bytes.
KEY_CHARACTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
KEY_LENGTH = 43
# id of the courier, what WeChat calls it, number of the store there, service code
COURIERS = (
    ("DADA", "达达", "11047059", ""),
    ("SS", "闪送", "SS-3301", ""),
    ("MTPS", "美团配送", "zg_0001", "100029"),
    ("SFTC", "顺丰同城急送", "3269849", ""),
    ("UU", "UU跑腿", "UU-571", ""),
)
# Where the sandbox's couriers know the store.
PLACE: dict[str, Any] = {
    "contact": "林晓梅",
    "phone": "13800000001",
    "city": "杭州市",
    "address": "西湖区文三路 88 号",
    "detail": "1 楼",
    "lng": Decimal("120.131441"),
    "lat": Decimal("30.279383"),
}

# While nobody accepts: a tip, a higher one, and then the next courier.
LADDER = (
    Step(timedelta(minutes=4), Do.TIP, most=Decimal(3)),
    Step(timedelta(minutes=7), Do.TIP, most=Decimal(5)),
    Step(timedelta(minutes=12), Do.NEXT, cancel_fee=Decimal(2)),
)


class DeliveryDemo:
    """Implements DemoPart (stores/demo/world.py)."""

    fact = "wechat"

    def fill(self, world: World) -> None:
        store = Store.objects.select_related("merchant").get(pk=world.facts["stores"][0]["id"])
        connection = Connection.objects.create(
            merchant=store.merchant,
            platform=PLATFORM,
            name=f"{store.merchant.name}·小程序",
            account=APPID,
            credentials={
                "secret": APP_SECRET,
                "push_token": secrets.token_hex(12),
                "aes_key": "".join(secrets.choice(KEY_CHARACTERS) for _ in range(KEY_LENGTH)),
            },
            state=Connection.State.WORKING,
            checked_at=world.now,
        )
        place = DeliveryStore.objects.create(
            store=store,
            connection=connection,
            rule=Rule(ceiling=Decimal(30)).as_json(),
            ladder=[step.as_json() for step in LADDER],
            **PLACE,
        )
        for delivery_id, name, shop_no, service_code in COURIERS:
            account = CourierAccount.objects.create(
                connection=connection,
                delivery_id=delivery_id,
                name=name,
                shopid=f"{delivery_id.lower()}-demo-shop",
                audit=Audit.PASSED,
                first_seen_at=world.now,
            )
            StoreCourier.objects.create(
                place=place,
                account=account,
                secret=secrets.token_hex(16),
                shop_no=shop_no,
                service_code=service_code,
            )
        CourierAccount.objects.create(connection=connection, audit=Audit.PASSED, **TEST)
        history.live_through(world, place)
        bill.compare(world, place.couriers.get(account__delivery_id=bill.COURIER))
        today.leave_waiting(world, place)
        world.facts["wechat"] = {"connection": connection.pk}

    def connect(self, world: World) -> None:
        """Notes the secrets as they stand now: a person may have changed them, or bound another
        account.
        """
        facts = world.facts["wechat"]
        base_url = world.replaced(PLATFORM) or world.sandbox_address(PLATFORM)
        connection = Connection.objects.get(pk=facts["connection"])
        if connection.base_url != base_url:
            Connection.objects.filter(pk=connection.pk).update(base_url=base_url)
            tokens.forget(connection)
        path = reverse("delivery:push", args=[connection.pk])
        facts |= {
            "appid": connection.account,
            "secret": connection.credentials["secret"],
            "token": connection.credentials.get("push_token", ""),
            "encoding_aes_key": connection.credentials.get("aes_key", ""),
            "callback": f"{world.ports.web_url}{path}",
            "stores": [
                _store(place) for place in DeliveryStore.objects.filter(connection=connection)
            ],
        }

    def sandbox_seeds(self, world: World) -> dict[str, Any]:
        return {}

    def sandbox_words(self, world: World) -> Iterable[SandboxWord]:
        """Tells the simulated WeChat our address and the secrets."""
        facts = world.facts["wechat"]
        app = {
            "appid": facts["appid"],
            "secret": facts["secret"],
            "callback": facts["callback"],
            "push_token": facts["token"],
            "aes_key": facts["encoding_aes_key"],
            "mode": "secure" if facts["encoding_aes_key"] else "plain",
        }
        accounts = [
            {
                "appid": facts["appid"],
                "delivery_id": row["delivery_id"],
                "shopid": row["shopid"],
                "secret": row["app_secret"],
            }
            for store in facts["stores"]
            for row in store["couriers"]
        ]
        accounts.append({"appid": facts["appid"], "secret": TEST_SECRET, **TEST})
        return [SandboxWord(PLATFORM, "seed", {"app": app, "accounts": accounts})]


def _store(place: DeliveryStore) -> dict[str, Any]:
    couriers = place.couriers.select_related("account").order_by("pk")
    return {
        "id": place.store_id,
        "city": place.city,
        "lng": float(place.lng),
        "lat": float(place.lat),
        "couriers": [
            {
                "delivery_id": row.account.delivery_id,
                "shopid": row.account.shopid,
                "shop_no": row.shop_no,
                "app_secret": row.secret,
            }
            for row in couriers
        ],
    }


def info(facts: dict[str, Any], sandbox: dict[str, Any]) -> dict[str, Any]:
    """Returns delivery's part of `manage.py demo --info`: what another WeChat needs to know to be
    called by the owner's store, and to push to us.
    """
    names = ("appid", "token", "encoding_aes_key", "callback", "stores")
    page = f"{facts['sandbox']}/wechat/riders"
    return {"wechat": {name: facts["wechat"][name] for name in names} | {"riders_page": page}}
