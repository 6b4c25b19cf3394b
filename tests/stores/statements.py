"""For each prepared statement: values with which it finds a row, which is made here."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from stores.fields import keyed_hash
from stores.models import InboundEvent, OutboundCall
from tests.stores.factories import ConnectionFactory, MerchantFactory, api_key


def key() -> dict[str, Any]:
    _, secret = api_key(MerchantFactory())
    return {"digest": keyed_hash(secret)}


def connection() -> dict[str, Any]:
    row = ConnectionFactory(token="secret")
    return {"pk": row.pk, "platform": row.platform}


def store_below() -> dict[str, Any]:
    developer = ConnectionFactory(merchant=None, platform="trip")
    ConnectionFactory(platform="trip", parent=developer, account="shop-1", token="secret")
    return {"parent": developer.pk, "platform": "trip", "account": "shop-1"}


def earlier_answer() -> dict[str, Any]:
    row = ConnectionFactory(platform="trip")
    known = {"platform": "trip", "connection": row, "kind": "k", "dedup_key": "1"}
    InboundEvent.objects.create(**known, answer="好", is_final=False, body={"价": [1]})
    return {"platform": "trip", "connection": row.pk, "kind": "k", "key": "1"}


def call() -> OutboundCall:
    row = ConnectionFactory()
    known = {"platform": row.platform, "connection": row, "pace_id": row.pace_id}
    later = timezone.now() + timedelta(hours=1)
    return OutboundCall.objects.create(
        **known, operation="x", key="1", subject_id=1, payload={"a": [1]}, expires_at=later
    )


def moments() -> dict[str, Any]:
    now = timezone.now()
    return {"now": now, "refused_since": now - timedelta(minutes=10)}


def claim() -> dict[str, Any]:
    own = {"pk": call().pk, "claim": "token", "lease_until": timezone.now()}
    return own | moments()


EXAMPLES = {
    "API_KEY": key,
    "CONNECTION": connection,
    "STORE_BELOW": store_below,
    "EARLIER_ANSWER": earlier_answer,
    "CALL": lambda: {"pk": call().pk},
    "LOCKED_CALL": lambda: {"pk": call().pk},
    "FIRST_IN_LINE": lambda: {"pace": call().pace_id, **moments()},
    "CLAIM": claim,
}
