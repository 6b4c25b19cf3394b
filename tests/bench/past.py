"""A past: many settled verifications with everything that belongs to them, copied in SQL from one
real one.
"""

from typing import Any

from django.db import connection, models

from coupons.models import Channel, Verification
from coupons.services import verification_process, verification_request
from stores.models import IdempotencyKey, OutboundAttempt, OutboundCall
from tests.bench.processes import Broken
from tests.bench.shops import Shop

# The i-th copy: a hash, the last four digits, and a moment in the past, 200 seconds before the copy
# before it.
WORDS = {
    "postgresql": {
        "hash": "md5('a' || n.i) || md5('b' || n.i)",
        "tail": "lpad((n.i % 10000)::text, 4, '0')",
        "then": "now() - (n.i + 60) * interval '200 seconds'",
        "text": "text",
    },
    "sqlite": {
        "hash": "lower(hex(randomblob(32)))",
        "tail": "substr('0000' || (n.i % 10000), -4)",
        "then": "strftime('%Y-%m-%d %H:%M:%f', 'now', '-' || ((n.i + 60) * 200) || ' seconds')",
        "text": "text",
    },
}
# Copies get primary keys from here on, so that they can refer to one another; real rows come after
# them.
FIRST = 1_000_000


def words() -> dict[str, str]:
    """The database's own words for them."""
    return WORDS[connection.vendor]


def verify_one(shop: Shop, code: str) -> Verification:
    """The real one."""
    requested = verification_request(store=shop.store, code=code, channel=Channel.API, flow="bench")
    row = verification_process(requested.verification, wait=20)
    if row.status != Verification.Status.VERIFIED:
        raise Broken(f"a verification ended as {row.status} {row.reason}")
    return row


def copy(template: Verification, stores: list[int], first: int, last: int) -> None:
    """Copies number `first` to `last` of a settled verification, spread over `stores` (consecutive
    primary keys).
    """
    known = words()
    store, then = f"{min(stores)} + n.i % {len(stores)}", known["then"]
    code = {"code_hash": known["hash"], "code_tail": known["tail"], "store_id": store}
    status = "CASE WHEN n.i % 7 = 0 THEN 'refused' ELSE 'verified' END"
    copy_rows(
        Verification,
        template.pk,
        first=first,
        last=last,
        status=status,
        created_at=then,
        settled_at=then,
        **code,
    )
    _copy_calls(template, first, last, store)


def _copy_calls(template: Verification, first: int, last: int, store: str) -> None:
    """The detail call and the verify call, each with its attempt."""
    known = words()
    for number, operation in enumerate(("coupon.detail", "coupon.verify")):
        call = OutboundCall.objects.get(operation=operation, subject_id=template.pk)
        own = f"{FIRST} + 2 * n.i + {number}"
        then = dict.fromkeys(("queued_at", "due_at", "expires_at", "settled_at"), known["then"])
        key = f"CAST({FIRST} + n.i AS {known['text']})"
        copy_rows(
            OutboundCall,
            call.pk,
            first=first,
            last=last,
            id=own,
            key=key,
            subject_id=f"{FIRST} + n.i",
            store_id=store,
            **then,
        )
        attempt = OutboundAttempt.objects.get(call=call)
        started = {"started_at": known["then"], "ended_at": known["then"]}
        copy_rows(
            OutboundAttempt, attempt.pk, first=first, last=last, id=own, call_id=own, **started
        )


def copy_rows(
    model: type[models.Model], template: Any, *, first: int, last: int, **columns: str
) -> None:
    """One INSERT … SELECT.

    `columns` are SQL expressions over n.i, every other column is as in the template row.
    """
    table = model._meta.db_table
    columns = {"id": f"{FIRST} + n.i"} | columns
    names = [str(field.column) for field in model._meta.concrete_fields]
    quoted = [connection.ops.quote_name(name) for name in names]
    values = ", ".join(
        columns.get(name, f"t.{place}") for name, place in zip(names, quoted, strict=True)
    )
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} ({', '.join(quoted)}) "
            f"WITH RECURSIVE n(i) AS (SELECT {first} UNION ALL SELECT i + 1 FROM n WHERE i < "
            f"{last}) "
            f"SELECT {values} FROM {table} t CROSS JOIN n WHERE t.id = {template}"
        )
        if connection.vendor == "postgresql":
            cursor.execute(
                f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM "
                f"{table}))"
            )


def forget_after(marks: dict[type[models.Model], int]) -> None:
    """Removes the rows that a round has added, so that every round starts alike."""
    IdempotencyKey.objects.all().delete()
    for model, mark in marks.items():
        model._default_manager.filter(pk__gt=mark)._raw_delete(connection.alias)


def marks() -> dict[type[models.Model], int]:
    """The newest row of every table that a request for a verification writes."""
    from django_q.models import OrmQ

    tables: list[type[models.Model]] = [
        OutboundAttempt,
        OutboundCall,
        Verification,
        OrmQ,
    ]
    return {model: newest(model) for model in tables}


def newest(model: type[models.Model]) -> int:
    """The last primary key of a table; 0 while it is empty."""
    return model._default_manager.order_by("-pk").values_list("pk", flat=True).first() or 0
