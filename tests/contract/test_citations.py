"""Code cites the platforms' facts by page and section; a cited section exists."""

import re

import pytest

from tests.contract.source import ROOT, sources

PAGES = ROOT / "docs" / "platforms"
PAGE = re.compile(r"docs/platforms/([a-z_]+)\.md")
SECTION = re.compile(r"§([0-9]+(?:\.[0-9]+)*)")
HEADING = re.compile(r"^#+ ([0-9]+(?:\.[0-9]+)*) ", re.MULTILINE)
LINK = re.compile(r"\]\(([^)\s]+)\)")
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def headings(page: str) -> set[str]:
    return set(HEADING.findall((PAGES / f"{page}.md").read_text(encoding="utf-8")))


def citing() -> list[str]:
    return [
        path.relative_to(ROOT).as_posix()
        for path in (*sources(), *sorted((ROOT / "tests").rglob("*.py")))
        if SECTION.search(path.read_text(encoding="utf-8")) and path.name != "test_citations.py"
    ]


def test_every_page_is_listed_and_cited() -> None:
    pages = {path.stem for path in PAGES.glob("*.md") if path.name != "README.md"}
    listed = (PAGES / "README.md").read_text(encoding="utf-8")
    cited = "".join((ROOT / name).read_text(encoding="utf-8") for name in citing())
    assert [page for page in sorted(pages) if f"]({page}.md)" not in listed] == []
    assert set(PAGE.findall(cited)) == pages, "a file that uses a page cites one of its sections"


@pytest.mark.parametrize("name", citing())
def test_a_file_that_cites_sections_names_one_page_which_has_them(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    pages = set(PAGE.findall(text))
    assert len(pages) == 1, f"{name} cites {sorted(pages) or 'no page'}"
    assert set(SECTION.findall(text)) - headings(pages.pop()) == set()


@pytest.mark.parametrize("page", sorted(path.name for path in PAGES.glob("*.md")))
def test_a_page_refers_to_its_own_sections(page: str) -> None:
    text = (PAGES / page).read_text(encoding="utf-8")
    assert page == "README.md" or set(SECTION.findall(text)) - headings(page[:-3]) == set()


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_link_between_documents_leads_somewhere(path: object) -> None:
    document = ROOT / str(path)
    links = [link.split("#")[0] for link in LINK.findall(document.read_text(encoding="utf-8"))]
    local = [link for link in links if link and "://" not in link]
    assert [link for link in local if not (document.parent / link).exists()] == []
