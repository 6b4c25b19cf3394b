"""The translations: collects the strings of our sources and of the packages that bring none, and
compiles them.

`python -m tests.catalogues` (make messages) renews locale/; only this needs gettext's xgettext. An
entry keeps its translation as long as its English stays the same; nothing is guessed, so nothing
becomes fuzzy.
"""

import subprocess
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import polib
from django.conf import settings
from django.utils.translation import template, to_language
from django.utils.translation.trans_real import DjangoTranslation

from config.env import BASE_DIR

LOCALE = "zh_Hans"
PACKAGES = tuple(sorted(path.parent.name for path in BASE_DIR.glob("*/apps.py")))
HEADERS = {
    "Content-Type": "text/plain; charset=UTF-8",
    "Content-Transfer-Encoding": "8bit",
    "MIME-Version": "1.0",
    "Language": LOCALE,
    "Plural-Forms": "nplurals=1; plural=0;",
}
# What the packages do translate, but not into the words of a shop.
OURS_IS_BETTER = {
    "Filters",
    " By %(filter_title)s ",
    "Log out",
    "Your password must contain at least %(min_length)d character.",
    "Your password can’t be too similar to your other personal information.",
    "Your password can’t be a commonly used password.",
    "Your password can’t be entirely numeric.",
    "Enter a number.",
    "Ensure this value is less than or equal to %(limit_value)s.",
    "Ensure this value is greater than or equal to %(limit_value)s.",
    "Ensure this value has at least %(limit_value)d character (it has %(show_value)d).",
    "Ensure this value has at most %(limit_value)d character (it has %(show_value)d).",
    "Ensure that there are no more than %(max)s digit in total.",
    "Ensure that there are no more than %(max)s decimal place.",
}
KEYWORDS = (
    "gettext_noop",
    "gettext_lazy",
    "ngettext_lazy:1,2",
    "pgettext:1c,2",
    "npgettext:1c,2,3",
    "pgettext_lazy:1c,2",
    "npgettext_lazy:1c,2,3",
)
Identity = tuple[str, str, str]


@dataclass(frozen=True)
class Catalogue:
    folder: Path

    @property
    def po(self) -> Path:
        return self.folder / LOCALE / "LC_MESSAGES" / "django.po"

    @property
    def mo(self) -> Path:
        return self.po.with_suffix(".mo")

    def entries(self) -> polib.POFile:
        return polib.pofile(str(self.po), wrapwidth=0)


OURS, VENDOR = Catalogue(BASE_DIR / "locale"), Catalogue(BASE_DIR / "locale" / "vendor")


def identity(entry: polib.POEntry) -> Identity:
    return entry.msgctxt or "", entry.msgid, entry.msgid_plural


def files_below(folder: Path, *suffixes: str) -> list[Path]:
    found = (
        path
        for path in folder.rglob("*")
        if path.suffix in suffixes and "migrations" not in path.parts
    )
    return sorted(found)


def our_strings() -> polib.POFile:
    sources = files_below(BASE_DIR / "templates", ".html", ".svg", ".txt")
    for package in PACKAGES:
        sources += files_below(BASE_DIR / package, ".py")
    return extracted(BASE_DIR, sources)


def vendor_strings() -> polib.POFile:
    """What unfold (as far as it is installed here), django-q2's tables and Django's rules for
    passwords and values show and no package translates (well).
    """
    unfold, queue = _installed("unfold"), _installed("django_q")
    django = _installed("django")
    rules = [
        django / "contrib" / "auth" / "password_validation.py",
        django / "core" / "validators.py",
    ]
    sources = [path for path in files_below(unfold, ".html", ".py") if "contrib" not in path.parts]
    sources += files_below(unfold / "contrib" / "filters", ".html", ".py")
    found = extracted(unfold.parent, [*sources, queue / "models.py", *rules])
    kept = polib.POFile(wrapwidth=0)
    ours = {identity(entry) for entry in our_strings()}
    without = _packages_alone()
    needed = (
        entry for entry in found if entry.msgid in OURS_IS_BETTER or not _translated(without, entry)
    )
    kept.extend(entry for entry in needed if identity(entry) not in ours)
    return kept


def _installed(package: str) -> Path:
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise LookupError(f"{package} is not installed")
    return Path(spec.origin).parent


def _packages_alone() -> DjangoTranslation:
    """Django's catalogue as it would be without ours."""
    paths, settings.LOCALE_PATHS = settings.LOCALE_PATHS, []
    try:
        return DjangoTranslation(to_language(LOCALE))
    finally:
        settings.LOCALE_PATHS = paths


def _translated(catalogue: DjangoTranslation, entry: polib.POEntry) -> bool:
    if entry.msgid_plural:
        return catalogue.ngettext(entry.msgid, entry.msgid_plural, 2) != entry.msgid_plural
    if entry.msgctxt:
        return catalogue.pgettext(entry.msgctxt, entry.msgid) != entry.msgid
    return catalogue.gettext(entry.msgid) != entry.msgid


def extracted(base: Path, sources: Iterable[Path]) -> polib.POFile:
    """All marked strings of Python files and templates, with the files (relative to `base`) they
    stand in.
    """
    with tempfile.TemporaryDirectory() as folder:
        names = [_readable(base, source, Path(folder)) for source in sources]
        command = [
            "xgettext",
            "--language=Python",
            "--from-code=UTF-8",
            "--add-comments=Translators",
            "--no-wrap",
        ]
        command += [
            "--add-location=file",
            "--files-from=-",
            "--output=-",
            *(f"--keyword={word}" for word in KEYWORDS),
        ]
        done = subprocess.run(
            command, cwd=folder, input="\n".join(names), capture_output=True, check=True, text=True
        )
    return polib.pofile(done.stdout, wrapwidth=0)


def _readable(base: Path, source: Path, folder: Path) -> str:
    """Copies a source to where xgettext reads it: templates as the Python that Django makes of
    them.
    """
    name = source.relative_to(base)
    text = source.read_text(encoding="utf-8")
    copy = folder / name
    copy.parent.mkdir(parents=True, exist_ok=True)
    copy.write_text(
        text if source.suffix == ".py" else template.templatize(text, origin=str(name)),
        encoding="utf-8",
    )
    return str(name)


def renewed(catalogue: Catalogue, found: polib.POFile) -> polib.POFile:
    """The strings of now with the translations of before."""
    before = (
        {identity(entry): entry for entry in catalogue.entries()} if catalogue.po.exists() else {}
    )
    result = polib.POFile(wrapwidth=0)
    result.metadata = dict(HEADERS)
    for entry in sorted(found, key=identity):
        known = before.get(identity(entry))
        entry.occurrences = sorted({(name, "") for name, _line in entry.occurrences})
        entry.msgstr = known.msgstr if known else ""
        entry.msgstr_plural = {}
        if entry.msgid_plural:
            entry.msgstr_plural = known.msgstr_plural if known else {0: ""}
        result.append(entry)
    return result


def write(catalogue: Catalogue, entries: polib.POFile) -> None:
    catalogue.po.parent.mkdir(parents=True, exist_ok=True)
    entries.save(str(catalogue.po))
    entries.save_as_mofile(str(catalogue.mo))


def main() -> None:
    for catalogue, found in ((OURS, our_strings()), (VENDOR, vendor_strings())):
        entries = renewed(catalogue, found)
        write(catalogue, entries)
        print(f"{catalogue.po.relative_to(BASE_DIR)}: {entries.percent_translated()} % translated")
        for entry in entries.untranslated_entries():
            print(f"  not translated: {entry.msgid!r}")


if __name__ == "__main__":
    import django

    django.setup()
    main()
