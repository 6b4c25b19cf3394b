"""Every export, whatever its rows hold: both files open, and each cell stays what it is."""

import csv
import io
import re
from decimal import Decimal
from typing import Any

import pytest
from django.contrib import admin
from django.db import models
from django.test import Client
from django.urls import reverse
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from stores.backoffice.exporting import ExportsAdmin
from stores.money import yuan_text
from tests.contract.two_merchants import World

pytestmark = pytest.mark.usefixtures("made")
EXPORTS = {
    made.model._meta.label: made
    for made in admin.site._registry.values()
    if isinstance(made, ExportsAdmin)
}
# What no database takes is no text of a row.
anything = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)
starts = st.sampled_from(
    [
        "",
        "=",
        " =",
        "\n+",
        "\r",
        "\t@",
        "＝",
        "\u200b-",
        "#REF!",
        "_x0041_",
        ";=",
        "\ufffe",
        '",=',
        "'",
    ]
)
numbers = st.from_regex(r"0?[0-9]{1,20}|[0-9]E[0-9]", fullmatch=True)
texts = st.builds(str.__add__, starts, anything) | numbers
MARKED = re.compile(r'="([0-9.eE]+)"')
# What a spreadsheet would read as a number and round.
CHANGED = re.compile(r"[0-9]{12,}|0[0-9]+|[0-9]E[0-9]", re.ASCII)
FORMULA = tuple("=+-@＝＋－＠\t\r\n")


def fill(row: models.Model, lookup: str, text: str) -> None:
    """Writes the text into the column, if it is one that holds texts from outside."""
    *path, name = lookup.split("__")
    for step in path:
        row = getattr(row, step)
    column: Any = row._meta.get_field(name)
    if isinstance(column, models.CharField | models.TextField) and not column.choices:
        fitting = text[: column.max_length] if column.max_length else text
        type(row)._base_manager.filter(pk=row.pk).update(**{name: fitting})


def lines_of(client: Client, label: str) -> list[list[str]]:
    text = client.get(address(label, "csv")).getvalue().decode().removeprefix("\ufeff")
    return list(csv.reader(io.StringIO(text, newline="")))


def address(label: str, kind: str) -> str:
    return reverse(f"admin:{label.replace('.', '_').lower()}_{kind}")


def meant(text: str) -> str:
    """The text of a cell, as a spreadsheet reads it."""
    marked = MARKED.fullmatch(text)
    return (marked[1] if marked else text).replace("\r\n", "\n").replace("\r", "\n")


@pytest.mark.parametrize("label", EXPORTS)
def test_no_cell_breaks_a_file(label: str, client: Client, made: World) -> None:
    row, operator = made.row(label), made.people["operator"]
    assert operator
    client.force_login(operator)
    columns = EXPORTS[label].columns
    lookups = [column.value for column in columns if isinstance(column.value, str)]

    @settings(max_examples=30, deadline=None, phases=[Phase.reuse, Phase.generate])
    @given(st.lists(texts, min_size=len(lookups), max_size=len(lookups)))
    def holds(given_texts: list[str]) -> None:
        for lookup, text in zip(lookups, given_texts, strict=True):
            fill(type(row)._base_manager.get(pk=row.pk), lookup, text)
        lines = lines_of(client, label)
        assert {len(line) for line in lines} == {len(columns)}
        found = [text for line in lines for text in line if not MARKED.fullmatch(text)]
        assert [text for text in found if text.lstrip().startswith(FORMULA)] == []
        assert [text for text in found if CHANGED.fullmatch(text)] == []
        page = load_workbook(io.BytesIO(client.get(address(label, "xlsx")).getvalue())).active
        assert page is not None
        cells = [list(cells) for cells in page.iter_rows(max_col=len(columns))]
        assert {cell.data_type for line in cells for cell in line} <= {"s", "n", "d", "inlineStr"}
        for as_text, as_cells in zip(lines, cells, strict=True):
            for text, cell in zip(as_text, as_cells, strict=True):
                if isinstance(cell.value, str):
                    assert meant(cell.value) == meant(text)

    holds()


@pytest.mark.parametrize("label", EXPORTS)
def test_the_sums_of_a_file_are_that_of_its_list(label: str, client: Client, made: World) -> None:
    operator = made.people["operator"]
    assert operator
    client.force_login(operator)
    lines = lines_of(client, label)
    assert len(lines) > 2
    page: Any = client.get(reverse(f"admin:{label.replace('.', '_').lower()}_changelist"))
    amounts = [yuan_text(Decimal(text)) for text in lines[-1] if re.fullmatch(r"\d+\.\d\d", text)]
    total = page.context_data["cl"].total
    # A list whose rows are worth nothing says only how many they are.
    shown = total if "¥" in total else "¥0.00"
    assert any(amount in shown for amount in amounts)
