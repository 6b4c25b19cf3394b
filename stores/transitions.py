"""The only way to change the state of a row whose model has TRANSITIONS."""

from typing import Any, ClassVar, Protocol

from django.db.models import QuerySet

from stores.prepared import insert, save_fields


class ImpossibleTransition(Exception):
    """The row's TRANSITIONS do not lead from its state to the wanted one: an error in our code."""


class Stateful(Protocol):
    """A model with states: TRANSITIONS maps each state to those that may follow it."""

    TRANSITIONS: ClassVar[dict[str, frozenset[str]]]
    STATE_FIELD: ClassVar[str]
    pk: Any


def set_state(row: Stateful, to: str, **changes: Any) -> None:
    """Changes the state and other fields of a row in memory. Raises ImpossibleTransition.

    A row that is not saved yet may begin in any state.
    """
    if row.pk is not None:
        check(type(row), getattr(row, row.STATE_FIELD), to)
    setattr(row, row.STATE_FIELD, to)
    for name, value in changes.items():
        setattr(row, name, value)


def move(row: Any, to: str, **changes: Any) -> None:
    """Changes the state and other fields of a row and saves them, and a new row whole.

    Raises ImpossibleTransition.
    """
    set_state(row, to, **changes)
    if row.pk is None:
        insert(row)
    else:
        save_fields(row, row.STATE_FIELD, *changes)


def move_rows(rows: QuerySet[Any], state: str, to: str, **changes: Any) -> int:
    """Changes those of the rows that are in a state, by one UPDATE. Returns how many they were.

    Raises ImpossibleTransition.
    """
    check(rows.model, state, to)
    field = rows.model.STATE_FIELD
    return rows.filter(**{field: state}).update(**{field: to}, **changes)


def states_before(model: type[Stateful], to: str) -> list[str]:
    """The states from which a row may get into this one."""
    return [state for state, following in model.TRANSITIONS.items() if to in following]


def check(model: type[Stateful], state: str, to: str) -> None:
    """Raises ImpossibleTransition unless the second state may follow the first."""
    if to not in model.TRANSITIONS[state]:
        raise ImpossibleTransition(f"{model.__name__} does not go from {state} to {to}")
