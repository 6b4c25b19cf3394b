"""The Chinese catalogues: complete, up to date with the sources, and compiled."""

import ast
import os
import re
import shutil
from collections import Counter

import polib
import pytest
from django.conf import settings
from django.utils.translation import override

from config.env import BASE_DIR
from stores.backoffice.verbs import verb_label
from stores.domains import domains
from stores.models import AuditEntry
from tests import catalogues
from tests.catalogues import OURS, VENDOR, Catalogue, identity
from tests.contract.source import nodes, sources

EVERY = pytest.mark.parametrize("catalogue", [OURS, VENDOR], ids=["ours", "vendor"])
_PLACEHOLDERS = re.compile(r"%\(\w+\)[a-z]|%%|\{\w*\}|<[^>]+>")


def placeholders(text: str) -> Counter[str]:
    return Counter(_PLACEHOLDERS.findall(text))


def pairs(entry: polib.POEntry) -> list[tuple[str, str]]:
    """Each translated text beside the English that it stands for.

    Chinese has one form, which counts many.
    """
    if entry.msgid_plural:
        return [(entry.msgid_plural, text) for text in entry.msgstr_plural.values()]
    return [(entry.msgid, entry.msgstr)]


@pytest.fixture
def gettext() -> None:
    """xgettext collects strings; only who changes texts needs it, and CI."""
    if not shutil.which("xgettext"):
        assert os.environ.get("CI") != "true", "CI has to have gettext installed"
        pytest.skip("xgettext is not installed")


def test_both_catalogues_are_used_and_ours_goes_first() -> None:
    assert [OURS.folder, VENDOR.folder] == settings.LOCALE_PATHS


@EVERY
def test_every_string_is_translated(catalogue: Catalogue) -> None:
    entries = catalogue.entries()
    assert len(entries) > 50
    assert [
        entry.msgid for entry in entries if not all(text.strip() for _, text in pairs(entry))
    ] == []
    assert [entry.msgid for entry in entries if entry.fuzzy or entry.obsolete] == []


@EVERY
def test_translations_keep_the_placeholders(catalogue: Catalogue) -> None:
    entries = catalogue.entries()
    assert [
        (en, zh)
        for entry in entries
        for en, zh in pairs(entry)
        if placeholders(en) != placeholders(zh)
    ] == []


@EVERY
def test_translations_keep_the_spaces_around_them(catalogue: Catalogue) -> None:
    """A text that begins or ends with a line break must go on doing so: gettext refuses to compile
    others.
    """
    entries = catalogue.entries()
    edges = [
        (en, zh)
        for entry in entries
        for en, zh in pairs(entry)
        if (en[:1] == "\n") != (zh[:1] == "\n")
    ]
    assert edges == []


# Beside a Chinese character, or behind a value that is filled in.
_HALF_WIDTH = re.compile(
    r"[一-鿿][,.;:!?()]|[,;:!?()][一-鿿]|(?:%\(\w+\)[sd]|\{\w*\})\s?[;:!?](?=\s|$|[一-鿿%{])"
)


@EVERY
def test_chinese_texts_use_chinese_punctuation(catalogue: Catalogue) -> None:
    entries = catalogue.entries()
    assert [zh for entry in entries for _, zh in pairs(entry) if _HALF_WIDTH.search(zh)] == []


def test_templates_leave_the_marks_between_texts_to_the_translation() -> None:
    """As in "{% translate … %}: {{ … }}", which has an English colon in Chinese too."""
    found = []
    for path in (BASE_DIR / "templates").rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        plain = re.sub(r"{% blocktrans.*?endblocktrans\w* %}", "", text, flags=re.DOTALL)
        found += [
            (path.name, mark[0]) for mark in re.finditer(r"(?:%}|}}) ?[,;:!?](?=[\s<{])", plain)
        ]
    assert found == []


@EVERY
def test_compiled_catalogues_are_those_in_the_sources(catalogue: Catalogue) -> None:
    """What Django reads are the .mo files, which `make messages` compiles."""
    assert catalogue.mo.read_bytes() == catalogue.entries().to_binary()


@EVERY
def test_headers_hold_no_dates(catalogue: Catalogue) -> None:
    assert catalogue.entries().metadata == catalogues.HEADERS


@pytest.mark.usefixtures("gettext")
def test_our_catalogue_has_the_strings_of_the_sources() -> None:
    known = {identity(entry) for entry in OURS.entries()}
    found = {identity(entry) for entry in catalogues.our_strings()}
    assert (found - known, known - found) == (set(), set()), (
        "run make messages and translate what is new"
    )


@pytest.mark.usefixtures("gettext")
def test_the_vendor_catalogue_has_what_the_packages_leave_in_english() -> None:
    known = {identity(entry) for entry in VENDOR.entries()}
    found = {identity(entry) for entry in catalogues.vendor_strings()}
    assert (found - known, known - found) == (set(), set()), (
        "run make messages and translate what is new"
    )


def either_of(word: ast.expr) -> set[str]:
    """The two words of `"on" if is_on else "off"`; none for anything else."""
    if not isinstance(word, ast.IfExp):
        return set()
    return {str(side.value) for side in (word.body, word.orelse) if isinstance(side, ast.Constant)}


def audited_verbs() -> set[str]:
    """What the sources write into the audit log as its verb, as far as it is written there
    plainly.
    """
    found = set()
    for path in sources(*catalogues.PACKAGES):
        for node in nodes(path):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                verbs = [str(word.value) for word in node.args if isinstance(word, ast.Constant)]
                if ast.unparse(node.func) in ("audit.record", "orders.note"):
                    found |= set(verbs[:1]) | either_of(node.args[0])
                if ast.unparse(node.func) == "self.audit":
                    found |= {f"store {verb}" for verb in verbs[:1]}
    return found


def test_no_two_domains_give_labels_to_the_same_verb() -> None:
    given = [verb for domain in domains() for verb in domain.verb_labels]
    assert {"connection tested", "settled by hand", "trip.refund.agreed"} <= set(given)
    assert len(given) == len(set(given))


def test_every_verb_of_the_audit_log_has_a_chinese_label() -> None:
    verbs = audited_verbs() | {"synced stores", "synced products"}
    with override("zh-hans"):
        labels = {verb: verb_label(AuditEntry(verb=verb)) for verb in verbs}
    assert {"settled by hand", "store changed", "takeaway.chat.on", "takeaway.chat.off"} <= verbs
    assert {verb: label for verb, label in labels.items() if re.search("[a-z]", label)} == {}
