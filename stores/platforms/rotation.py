"""Re-encrypts every encrypted column under the first of CREDENTIAL_KEYS; older keys can then go."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from django.apps import apps
from django.conf import settings
from django.db import models
from django.db.models import F, Value
from django.db.models.functions import Cast

from stores import audit, fields
from stores.fields import EncryptedField, SecretUnreadable
from stores.models import AuditEntry

# Rows that are read at once: the ledgers are long.
BATCH = 500
ROTATED = "credentials rotated"
# In this order every machine can read what any other writes, at every moment.
STEPS = (
    "Step 1: add the new key last (CREDENTIAL_KEYS=old,new) on every machine; restart web and "
    "workers everywhere.",
    "Step 2: move the new key first (CREDENTIAL_KEYS=new,old) on every machine; restart web and "
    "workers everywhere.",
    "Step 3: run rotate_credentials, once, on any machine.",
    "Step 4: take the old key out (CREDENTIAL_KEYS=new) on every machine; restart web and workers "
    "everywhere.",
)


@dataclass
class Rotation:
    """Counts of values: re-encrypted, current already, written meanwhile under the first key."""

    rotated: int = 0
    current: int = 0
    changed_meanwhile: int = 0
    unreadable: list[str] = field(default_factory=list)


def encrypted_fields() -> list[tuple[type[models.Model], str]]:
    """Every encrypted field of every model of the installation."""
    return [
        (model, column.name)
        for model in apps.get_models()
        for column in model._meta.local_fields
        if isinstance(column, EncryptedField)
    ]


def rotate_all(progress: Callable[[str], None]) -> Rotation:
    """Re-encrypts all values; changes none when any cannot be read, so that no key is dropped."""
    result = Rotation()
    for model, name in encrypted_fields():
        progress(f"{model._meta.label}.{name}: checking")
        result.unreadable += [
            f"{model._meta.label}.{name} {pk}" for pk, raw in _raw(model, name) if not _opens(raw)
        ]
    if result.unreadable:
        return result
    for model, name in encrypted_fields():
        _rotate(model, name, result)
        progress(f"{model._meta.label}.{name}: done, {result.rotated} re-encrypted so far")
    if result.rotated:
        audit.record(ROTATED, actor=None, key=_mark_of_the_first_key(), values=result.rotated)
    return result


def next_step(result: Rotation) -> str:
    """Returns what the operator does after this run of `rotate_all`."""
    if result.unreadable:
        return (
            "Add the key that these values were encrypted under to CREDENTIAL_KEYS again, last; "
            "or enter the credentials again where that key is lost."
        )
    if len(settings.CREDENTIAL_KEYS) == 1:
        return f"To change the key: {STEPS[0]}"
    if result.rotated or _was_rotated_to_the_first_key():
        return STEPS[3]
    return f"The first key is the one in use, no other was needed. {STEPS[1]} {STEPS[2]}"


def _mark_of_the_first_key() -> str:
    return fields.keyed_hash(f"key {settings.CREDENTIAL_KEYS[0]}")[:12]


def _was_rotated_to_the_first_key() -> bool:
    latest = AuditEntry.objects.filter(verb=ROTATED).order_by("-pk").first()
    return latest is not None and latest.data.get("key") == _mark_of_the_first_key()


def _ciphertexts(model: type[models.Model], name: str) -> models.QuerySet[models.Model]:
    """Rows with `raw`, the value as it is stored; the field itself would decrypt it."""
    return (
        model._default_manager.annotate(raw=Cast(F(name), models.TextField()))
        .exclude(raw="")
        .exclude(raw=None)
    )


def _raw(model: type[models.Model], name: str) -> Iterator[tuple[int, str]]:
    """Yields (primary key, stored value), batch by batch, so that rows can be written meanwhile."""
    last = 0
    rows = _ciphertexts(model, name).order_by("pk").values_list("pk", "raw")
    while batch := list(rows.filter(pk__gt=last)[:BATCH]):
        yield from batch
        last = batch[-1][0]


def _opens(raw: str) -> bool:
    try:
        fields.decrypt(raw)
    except SecretUnreadable:
        return False
    return True


def _rotate(model: type[models.Model], name: str, result: Rotation) -> None:
    for pk, raw in _raw(model, name):
        if fields.is_current(raw):
            result.current += 1
            continue
        fresh = Value(fields.reencrypt(raw), output_field=models.TextField())
        taken = _ciphertexts(model, name).filter(pk=pk, raw=raw).update(**{name: fresh})
        result.rotated += taken
        result.changed_meanwhile += 1 - taken
