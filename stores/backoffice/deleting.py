"""Deleting a row that nothing depends on: what keeps it, and what goes with it, its model's
relations say.
"""

from typing import Any

from django.contrib.admin.utils import NestedObjects
from django.db import IntegrityError, models, transaction
from django.db.models import CASCADE, ManyToOneRel
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from stores.backoffice.labels import labelled
from stores.conflicts import Conflict


def kept_by(row: models.Model) -> list[str]:
    """Returns what the rows are called that depend on this one; empty when it may be deleted."""
    relations: list[Any] = [
        relation
        for relation in row._meta.get_fields(include_hidden=True)
        if isinstance(relation, ManyToOneRel) and relation.on_delete is not CASCADE
    ]
    return [
        capfirst(str(relation.related_model._meta.verbose_name_plural))
        for relation in relations
        if relation.related_model._base_manager.filter(**{relation.field.name: row.pk}).exists()
    ]


def goes_along(row: models.Model) -> list[str]:
    """Returns what is deleted with the row: "sync: 2"."""
    found = NestedObjects(using=row._state.db or "default", origin=row)
    found.collect([row])
    rows: dict[Any, Any] = found.model_objs
    return [
        labelled(capfirst(str(model._meta.verbose_name)), len(gone))
        for model, gone in rows.items()
        if model is not type(row)
    ]


def delete_unused(row: models.Model) -> None:
    """Deletes the row with what goes along. Raises Conflict when something depends on it now."""
    try:
        with transaction.atomic():
            row.delete()
    except IntegrityError as error:
        # ProtectedError is one, and so is what the database finds that came meanwhile.
        raise Conflict(_("It is in use by now, so it cannot be deleted any more.")) from error
