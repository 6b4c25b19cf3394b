"""Plain SQL for the few statements that every call of a platform needs. The ORM takes several times as long to build
such a statement as the database to run it; everything else goes through the ORM. Statements are made of our own words
only, values are always parameters."""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, TypeVar

from django.db import connection, models

Row = TypeVar("Row", bound=models.Model)
Convert = Callable[[Any, Any, Any], Any]


def rows(
    model: type[Row], where: str, params: Sequence[Any], *, more: str = "", lock: bool = False
) -> list[Row]:
    """Rows of one table, whole. `more` is a further column, "… AS name", which becomes an attribute; `lock` holds the
    rows until the transaction ends, where the database locks rows at all."""
    columns = ", ".join(str(field.column) for field in model._meta.concrete_fields)
    own = "FOR UPDATE" if lock and connection.features.has_select_for_update else ""
    name = more.rpartition(" ")[2]
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {columns}{', ' if more else ''}{more} FROM {model._meta.db_table} WHERE {where} {own}",  # noqa: S608
            params,
        )
        return [_made(model, list(values), name) for values in cursor.fetchall()]


def row(
    model: type[Row], where: str, params: Sequence[Any], *, more: str = "", lock: bool = False
) -> Row | None:
    """The only row, or None."""
    return next(iter(rows(model, where, params, more=more, lock=lock)), None)


def get(model: type[Row], pk: int, *, lock: bool = False) -> Row:
    """The row with this primary key. Raises the model's DoesNotExist."""
    found = row(model, "id = %s", [pk], lock=lock)
    if found is None:
        raise model.DoesNotExist  # type: ignore[attr-defined]
    return found


def _made(model: type[Row], values: list[Any], more: str) -> Row:
    names, converters = _reading(model, connection.vendor)
    for place, field, convert in converters:
        values[place] = convert(values[place], field, connection)
    made = model.from_db(connection.alias, names, values[: len(names)])
    if more:
        setattr(made, more, values[-1])
    return made


@cache
def _reading(
    model: type[models.Model], vendor: str
) -> tuple[list[str], list[tuple[int, Any, Convert]]]:
    """The attributes of a row and what makes the database's values into Python's, as the ORM does it."""
    fields = model._meta.concrete_fields
    columns = [field.get_col(model._meta.db_table) for field in fields]
    converters = [
        (place, column, convert)
        for place, column in enumerate(columns)
        for convert in connection.ops.get_db_converters(column)
        + column.get_db_converters(connection)
    ]
    return [str(field.attname) for field in fields], converters


def insert(new: models.Model, *, unless_there: bool = False) -> None:
    """Writes one new row and gives it its primary key. Like save(), but for signals, of which we have none.
    `unless_there` leaves it out when some constraint says that it is there already."""
    fields = [field for field in new._meta.concrete_fields if not field.primary_key]
    values = _prepared(new, fields, add=True)
    columns = ", ".join(str(field.column) for field in fields)
    places = ", ".join(["%s"] * len(fields))
    otherwise = "ON CONFLICT DO NOTHING " if unless_there else ""
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {new._meta.db_table} ({columns}) VALUES ({places}) {otherwise}RETURNING id",  # noqa: S608
            values,
        )
        written = cursor.fetchone()
    new.pk = written[0] if written else None
    new._state.adding, new._state.db = False, connection.alias


def save(changed: models.Model, names: Sequence[str]) -> None:
    """Writes the named fields of a row that is there. Like save(update_fields=…)."""
    fields = [field for field in changed._meta.concrete_fields if field.name in names]
    change = ", ".join(f"{field.column} = %s" for field in fields)
    update(type(changed), change, "id = %s", [*_prepared(changed, fields, add=False), changed.pk])


def update(model: type[models.Model], change: str, where: str, params: Sequence[Any]) -> int:
    """How many rows one UPDATE changed."""
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {model._meta.db_table} SET {change} WHERE {where}", params)  # noqa: S608
        return int(cursor.rowcount)


def _prepared(row: models.Model, fields: Sequence[Any], *, add: bool) -> list[Any]:
    return [field.get_db_prep_save(field.pre_save(row, add), connection) for field in fields]
