"""The store that a verification is asked for, with what decides whether it can be sent.

In SQL, because merchants' systems ask hundreds of times a second: the ORM takes many times as long to build this query
as the database to answer it. Fields that are not named here are read when somebody asks for them.
"""

from django.db import connection
from rest_framework.exceptions import NotFound

from coupons.models import GatewayStore
from stores.api.inputs import MAX_ID
from stores.models import ApiKey, Connection, Store
from stores.tenancy import access_of

_STORE = ("id", "merchant_id")
_GATEWAY = ("id", "store_id", "connection_id", "authorisation", "request_count")
_CONNECTION = ("id", "pace_id", "state", "is_active")
_SQL = """
    SELECT store.id, store.merchant_id,
        gateway.id, gateway.store_id, gateway.connection_id, gateway.authorisation, gateway.request_count,
        account.id, account.pace_id, account.state, account.is_active
    FROM stores_store store
    LEFT JOIN coupons_gatewaystore gateway ON gateway.store_id = store.id
    LEFT JOIN stores_connection account ON account.id = gateway.connection_id
    WHERE store.id = %s AND store.is_active
"""


def store_with_gateway(key: ApiKey, pk: int) -> tuple[Store, GatewayStore | None]:
    """The active store with this id, if the key reaches it, and what the gateway says of it; raises NotFound."""
    with connection.cursor() as cursor:
        cursor.execute(_SQL, [min(pk, MAX_ID)])
        row = cursor.fetchone()
    if row is None:
        raise NotFound
    store = Store.from_db(connection.alias, _STORE, row[:2])
    if not access_of(key).allows(merchant_id=store.merchant_id, store_id=store.pk):
        raise NotFound
    return store, _gateway(row[2:7], row[7:])


def _gateway(listed: tuple[object, ...], account: tuple[object, ...]) -> GatewayStore | None:
    if listed[0] is None:
        return None
    gateway = GatewayStore.from_db(connection.alias, _GATEWAY, listed)
    gateway.connection = Connection.from_db(connection.alias, _CONNECTION, account)
    return gateway
