"""The glossary says what the catalogues and the models say."""

import polib
import pytest
from django.apps import apps

from tests.contract.source import ROOT

NONE = "–"
CATALOGUE = ROOT / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.po"


def rows() -> list[tuple[str, str, str]]:
    """(Chinese, English, code) of each row."""
    lines = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8").splitlines()
    cells = [[cell.strip() for cell in line.split("|")[1:4]] for line in lines if "|" in line]
    return [(row[0], row[1], row[2]) for row in cells if row[0] not in ("中文", "---")]


def test_each_word_is_translated_as_the_user_interface_has_it() -> None:
    entries = sorted(polib.pofile(str(CATALOGUE)), key=lambda entry: not entry.msgctxt)
    known = {entry.msgid: entry.msgstr for entry in entries}
    wrong = {
        english: (known.get(english), chinese)
        for chinese, english, _code in rows()
        if english != NONE and known.get(english) != chinese
    }
    assert wrong == {}


@pytest.mark.parametrize(
    "code", sorted({code.strip("`") for _chinese, _english, code in rows() if code != NONE})
)
def test_each_table_exists(code: str) -> None:
    assert apps.get_model(code)
