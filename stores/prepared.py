"""Statements that the ORM builds once per process; each call fills in the values and runs them.

To build a statement costs the ORM several times what the database needs to run it. Statements that
every API request, inbound call or try needs are therefore prepared, in each app's
`models/prepared.py`; everything else is a plain QuerySet.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from types import SimpleNamespace
from typing import Any, Generic, TypeVar, cast

from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Expression, Field, Model, QuerySet, Value
from django.db.models.constants import OnConflict
from django.db.models.query import ModelIterable, ValuesListIterable, get_related_populators
from django.db.models.sql import InsertQuery, UpdateQuery
from django.db.models.sql.compiler import SQLCompiler
from django.db.transaction import TransactionManagementError

Row = TypeVar("Row")
Fields = Sequence["Field[Any, Any]"]
Values = Mapping[str, object]
Build = Callable[[Sequence[Any]], Any]
_WORD = re.compile(r"[a-z_]*")
_TYPES = (str, int, Decimal, date)


class Literal(Value):
    """A constant that stands in the statement itself, not among its parameters.

    SQLite uses a partial index only where it finds the index's condition word for word.
    """

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        if not _WORD.fullmatch(str(self.value)):
            raise ValueError(f"{self.value!r} is not a word of lower-case letters")
        return f"'{self.value}'", ()


def _here() -> BaseDatabaseWrapper:
    """This thread's connection; every attribute read through Django's proxy would look it up."""
    return connections[DEFAULT_DB_ALIAS]


def literals(*words: str) -> list[Literal]:
    return [Literal(word) for word in words]


class Param(Expression):
    """The place of a value that is given when the statement runs."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        return "%s", (self,)


@dataclass(frozen=True)
class _Statement:
    """SQL for one kind of database, its parameters in order, and how its rows are converted."""

    sql: str
    params: Sequence[Any]
    names: frozenset[str]
    locks: bool = False
    convert: Build = tuple

    def filled(self, values: Values) -> list[Any]:
        """Returns the parameters with these values. Raises TypeError for values that do not fit."""
        if values.keys() != self.names:
            raise TypeError(f"expected {sorted(self.names)}, got {sorted(values)}")
        return [
            _adapted(param.name, values[param.name]) if isinstance(param, Param) else param
            for param in self.params
        ]


def _adapted(name: str, value: Any) -> Any:
    """Returns the value as the driver takes it; the type of a Param is that of its value."""
    if isinstance(value, str | int):
        return value
    if not isinstance(value, _TYPES):
        raise TypeError(f"{name} cannot be {value!r}: {type(value).__name__}")
    return _here().ops.adapt_unknown_value(value)


class Prepared(Generic[Row]):
    """A query with Params, compiled once per process and kind of database. Safe in threads.

    The rows are those of the QuerySet that `build` returns: models (with select_related, only and
    annotations) or the tuples of values_list. They are in no order unless it has an order_by of its
    own. No value is None, no list changes its length.
    """

    def __init__(self, build: Callable[[], QuerySet[Any, Row]]) -> None:
        self.build = build
        self._statements: dict[str, _Statement] = {}

    def one(self, **values: object) -> Row | None:
        """Returns the first row, or None. Raises TypeError as `rows` does."""
        return next(iter(self.rows(**values)), None)

    def rows(self, **values: object) -> list[Row]:
        """Returns all rows. Raises TypeError unless the values are exactly those of the Params."""
        connection = _here()
        statement = self._statements.get(connection.vendor)
        if statement is None:
            statement = self._statements[connection.vendor] = _selecting(self.build())
        if statement.locks and not connection.in_atomic_block:
            raise TransactionManagementError("rows are locked inside a transaction only")
        with connection.cursor() as cursor:
            cursor.execute(statement.sql, statement.filled(values))
            found = cursor.fetchall()
        return [statement.convert(row) for row in found]


class PreparedUpdate:
    """An UPDATE with Params in its conditions and its changes, compiled like Prepared."""

    def __init__(self, build: Callable[[], QuerySet[Any, Any]], **changes: object) -> None:
        self.build = build
        self.changes = changes
        self._statements: dict[str, _Statement] = {}

    def run(self, **values: object) -> int:
        """Returns the number of rows that were changed. Raises TypeError as Prepared does."""
        connection = _here()
        statement = self._statements.get(connection.vendor)
        if statement is None:
            statement = self._statements[connection.vendor] = self._compile()
        return _run(connection, statement.sql, statement.filled(values))

    def _compile(self) -> _Statement:
        return _updating(self.build(), self.changes)


class _Insert:
    """The INSERT of one whole row of a model."""

    def __init__(self, model: type[Model], ignore: bool) -> None:
        self.model = model
        self.conflicts = OnConflict.IGNORE if ignore else None
        self._statements: dict[str, tuple[str, Fields]] = {}

    def run(self, row: Model) -> bool:
        connection = _here()
        if connection.vendor not in self._statements:
            self._statements[connection.vendor] = self._compile()
        sql, fields = self._statements[connection.vendor]
        params = _stored(connection, row, fields, add=True)
        with (
            transaction.mark_for_rollback_on_error(connection.alias),
            connection.cursor() as cursor,
        ):
            cursor.execute(sql, params)
            returned = cursor.fetchone()
        if returned is None:
            return False
        (row.pk,) = returned
        row._state.adding, row._state.db = False, connection.alias
        return True

    def _compile(self) -> tuple[str, Fields]:
        meta = self.model._meta
        fields = [field for field in meta.local_concrete_fields if field is not meta.auto_field]
        query: Any = InsertQuery(self.model, on_conflict=self.conflicts)
        places = SimpleNamespace(**{field.attname: Param(field.attname) for field in fields})
        query.insert_values(fields, [places], raw=True)
        compiler = query.get_compiler(connection=_here())
        compiler.returning_fields = [meta.pk]
        ((sql, params),) = compiler.as_sql()
        by_name = {field.attname: field for field in fields}
        return sql, [by_name[param.name] for param in params]


class _Save:
    """The UPDATE of some fields of one row, by its primary key."""

    def __init__(self, model: type[Model], names: Sequence[str]) -> None:
        self.rows = model._base_manager.filter(pk=Param("pk"))
        self.fields: Fields = [cast(Any, model._meta.get_field(name)) for name in names]
        self._statements: dict[str, str] = {}

    def run(self, row: Model) -> bool:
        connection = _here()
        if connection.vendor not in self._statements:
            changes = {field.name: Param(field.name) for field in self.fields}
            self._statements[connection.vendor] = _updating(self.rows, changes).sql
        params = [*_stored(connection, row, self.fields, add=False), row.pk]
        return bool(_run(connection, self._statements[connection.vendor], params))


_insert, _save = cache(_Insert), cache(_Save)


def insert(row: Model) -> None:
    """Does what `row.save(force_insert=True)` does to a new row, without signals.

    The statement is compiled once per process. Raises IntegrityError.
    """
    _insert(type(row), False).run(row)


def insert_or_ignore(row: Model) -> bool:
    """Inserts a new row unless a unique constraint forbids it; returns whether it did."""
    return _insert(type(row), True).run(row)


def save_fields(row: Model, *names: str) -> None:
    """Does what `row.save(update_fields=names)` does, without signals.

    The statement is compiled once per process. Raises DatabaseError when the row is not stored.
    """
    if not _save(type(row), names).run(row):
        raise DatabaseError(f"{type(row).__name__} {row.pk} is not stored")


def _stored(connection: BaseDatabaseWrapper, row: Model, fields: Fields, *, add: bool) -> list[Any]:
    """Returns the values of the fields as the driver takes them."""
    return [field.get_db_prep_save(field.pre_save(row, add), connection) for field in fields]


def _updating(rows: QuerySet[Any, Any], changes: Values) -> _Statement:
    query: Any = rows.query.chain(UpdateQuery)
    query.add_update_values(changes)
    sql, params = query.get_compiler(connection=_here()).as_sql()
    return _Statement(sql, params, _names(params))


def _run(connection: BaseDatabaseWrapper, sql: str, params: Sequence[Any]) -> int:
    """Runs an UPDATE and returns the number of rows that it changed."""
    with transaction.mark_for_rollback_on_error(connection.alias), connection.cursor() as cursor:
        cursor.execute(sql, params)
        return int(cursor.rowcount)


def _selecting(queryset: QuerySet[Any, Any]) -> _Statement:
    connection = _here()
    query: Any = queryset.query.chain()
    query.default_ordering = False
    compiler = query.get_compiler(connection=connection)
    sql, params = compiler.as_sql()
    locks = query.select_for_update and connection.features.has_select_for_update
    if queryset._iterable_class is ModelIterable:
        build = _model_builder(compiler)
    elif queryset._iterable_class is ValuesListIterable:
        build = tuple
    else:
        raise TypeError("only models and the tuples of values_list can be prepared")
    return _Statement(sql, params, _names(params), locks, _converting(compiler, build))


def _names(params: Sequence[Any]) -> frozenset[str]:
    return frozenset(param.name for param in params if isinstance(param, Param))


def _converting(compiler: SQLCompiler, build: Build) -> Build:
    """Returns a function from a row of the database to a row of the QuerySet, as in the ORM."""
    # Converters belong to a connection. This one is never opened, so they keep no thread's alive.
    compiler.connection = unopened = _here().copy()
    columns = [column for column, *_rest in compiler.select]
    converters = [
        (place, column, convert)
        for place, (several, column) in compiler.get_converters(columns).items()
        for convert in several
    ]

    def convert_row(row: Sequence[Any]) -> Any:
        values = list(row)
        for place, column, convert in converters:
            values[place] = convert(values[place], column, unopened)
        return build(values)

    return convert_row


def _model_builder(compiler: SQLCompiler) -> Build:
    """Returns a function from values to a model with its related rows and annotations."""
    info = compiler.klass_info
    first, last = info["select_fields"][0], info["select_fields"][-1] + 1
    names = [column.target.attname for column, *_rest in compiler.select[first:last]]
    populators: Any = get_related_populators
    related = populators(info, compiler.select, DEFAULT_DB_ALIAS)

    def build(values: Sequence[Any]) -> Any:
        row = info["model"].from_db(DEFAULT_DB_ALIAS, names, values[first:last])
        for populator in related:
            populator.populate(values, row)
        for name, place in compiler.annotation_col_map.items():
            setattr(row, name, values[place])
        return row

    return build
