"""Every prepared statement does what its QuerySet does, and stands with the app's others."""

import ast
import importlib
import runpy
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import models, transaction

import stores.prepared
from stores.prepared import Prepared, PreparedUpdate
from tests.contract.collected import APPS as ALL_APPS
from tests.contract.source import ROOT, name, nodes, sources

pytestmark = pytest.mark.django_db
APPS = [app for app in ALL_APPS if (ROOT / app / "models/prepared.py").exists()]
Values = dict[str, Any]


def statements(kind: type) -> Iterator[tuple[str, str]]:
    """The app and the name of each statement that its `models/prepared.py` has."""
    for app in APPS:
        module = importlib.import_module(f"{app}.models.prepared")
        yield from ((app, name) for name, value in vars(module).items() if isinstance(value, kind))


def example(app: str, statement: str) -> Values:
    """The values with which a statement finds or changes a row, which is made first."""
    examples: dict[str, Any] = importlib.import_module(f"tests.{app}.statements").EXAMPLES
    where = f"EXAMPLES in tests/{app}/statements.py"
    assert statement in examples, f"{statement} has no example: add it to {where}"
    return dict(examples[statement]())


def plain(app: str, statement: str, values: Values, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The same statement with the values in place of its Params, as one would write it."""

    class Filled:
        def __new__(cls, name: str) -> Any:
            return values.get(name, 0)

    module = importlib.import_module(f"{app}.models.prepared")
    with monkeypatch.context() as patched:
        patched.setattr(stores.prepared, "Param", Filled)
        return runpy.run_path(str(module.__file__))[statement]


def prepared(app: str, statement: str) -> Any:
    return getattr(importlib.import_module(f"{app}.models.prepared"), statement)


def content(row: Any) -> Any:
    """All that was read of a row and of the rows read with it, with the types of the values."""
    if not isinstance(row, models.Model):
        return [(type(value), value) for value in row]
    state = {key: value for key, value in vars(row).items() if key != "_state"}
    related = {
        key: content(value)
        for key, value in row._state.fields_cache.items()
        if isinstance(value, models.Model) and key not in _BACK
    }
    return type(row), {key: (type(value), value) for key, value in state.items()}, related


# From a gateway's row back to the store that it was read with.
_BACK = {"store"}


@pytest.mark.parametrize(("app", "statement"), [*statements(Prepared)])
def test_a_prepared_query_finds_what_its_queryset_finds(
    app: str, statement: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = example(app, statement)
    wanted = [content(row) for row in plain(app, statement, values, monkeypatch).build()]
    query = prepared(app, statement)
    for _ in range(2):
        found = [content(row) for row in query.rows(**values)]
        assert wanted
        assert sorted(found, key=repr) == sorted(wanted, key=repr)
        if query.build().query.order_by:
            assert found == wanted
    assert content(query.one(**values)) in wanted


@pytest.mark.parametrize(("app", "statement"), [*statements(PreparedUpdate)])
def test_a_prepared_update_changes_what_its_queryset_changes(
    app: str, statement: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = example(app, statement)
    usual = plain(app, statement, values, monkeypatch)
    rows = usual.build().model._default_manager.order_by("pk").values()
    before = list(rows)
    with transaction.atomic():
        assert usual.build().update(**usual.changes) == 1
        wanted = list(rows.all())
        transaction.set_rollback(True)
    assert list(rows.all()) == before != wanted
    assert prepared(app, statement).run(**values) == 1
    assert list(rows.all()) == wanted


def test_statements_stand_together() -> None:
    elsewhere = {
        name(path)
        for path in sources(*APPS)
        for node in nodes(path)
        if isinstance(node, ast.Call)
        and getattr(node.func, "id", "") in ("Prepared", "PreparedUpdate")
    } - {f"{app}/models/prepared.py" for app in APPS}
    assert elsewhere == set()
