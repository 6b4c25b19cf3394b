"""Re-encrypts every encrypted column under the first of CREDENTIAL_KEYS; older keys can then go."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from django.apps import apps
from django.db import models
from django.db.models import F, Value
from django.db.models.functions import Cast

from stores import fields
from stores.fields import EncryptedField, SecretUnreadable

# Rows that are read at once: the ledgers are long.
BATCH = 500


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
    return result


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
