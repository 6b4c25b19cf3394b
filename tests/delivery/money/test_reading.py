"""Couriers' files become rows, whatever is in them."""

import struct
import tracemalloc
import zipfile
from decimal import Decimal
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from delivery.services.bills import xlsx
from delivery.services.bills.reading import read_table
from delivery.services.bills.rows import MOST_BYTES, MOST_COLUMNS, MOST_ROWS, Unreadable
from tests.delivery.money.files import HEADINGS, as_csv, as_xlsx, line, sheet, sheet_of

ROWS = (HEADINGS, line("ZG1-a"), line("ZG2-b", tip="2.00"))


def misplaced(content: bytes) -> bytes:
    """A ZIP whose end names a place of its parts that lies before the file."""
    place = content.rindex(b"PK\x05\x06") + 16
    (begin,) = struct.unpack_from("<I", content, place)
    return content[:place] + struct.pack("<I", begin + 10_000) + content[place + 4 :]


def compressed_otherwise(content: bytes) -> bytes:
    """A ZIP that says of its parts that they are compressed as they are not (bzip2)."""
    changed = bytearray(content)
    for mark, place in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        found = content.find(mark)
        while found >= 0:
            struct.pack_into("<H", changed, found + place, zipfile.ZIP_BZIP2)
            found = content.find(mark, found + 1)
    return bytes(changed)


def texts(content: bytes) -> list[list[str]]:
    return [[str(cell) for cell in row.cells] for row in read_table(content)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_csv_is_read_in_each_encoding(encoding: str) -> None:
    found = read_table(as_csv(*ROWS, encoding=encoding))
    assert [row.cells for row in found] == [tuple(map(str, row)) for row in ROWS]
    assert [row.number for row in found] == [1, 2, 3]


@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_a_csv_is_read_with_each_delimiter(delimiter: str) -> None:
    content = "\n".join(delimiter.join(map(str, row)) for row in ROWS).encode()
    assert texts(content) == [list(map(str, row)) for row in ROWS]


def test_a_cell_in_quotes_may_hold_delimiters_and_line_breaks() -> None:
    content = b'number,note,fee\nZG1,"door 3,\n""left""",12\nZG2,,13\n'
    found = read_table(content)
    assert [row.cells for row in found[1:]] == [
        ("ZG1", 'door 3,\n"left"', "12"),
        ("ZG2", "", "13"),
    ]
    assert [row.number for row in found] == [1, 2, 4]


def test_a_quotation_mark_that_nobody_closes_takes_no_other_line_with_it() -> None:
    bad = ['ZG1,"door,12', 'ZG2,12" pizza,13', 'ZG3,"x,14']
    good = ["ZG4,a,15", "ZG5,b,16"]
    content = "\n".join(["number,note,fee", bad[0], good[0], bad[1], good[1], bad[2]]).encode()
    found = texts(content)
    assert [row[0] for row in found[1:]] == ["ZG1", "ZG4", "ZG2", "ZG5", "ZG3"]
    assert [row[2] for row in found[1:]] == ["12", "15", "13", "16", "14"]


def test_a_sheet_is_read_with_its_numbers_and_texts() -> None:
    found = read_table(as_xlsx(HEADINGS, [], ["ZG1-a", 12.3, None, 0, 1234567, "2026-11-05"]))
    assert found[0].cells == HEADINGS
    assert (found[1].number, found[1].cells) == (
        3,
        ("ZG1-a", Decimal("12.3"), "", Decimal(0), Decimal(1234567), "2026-11-05"),
    )


def test_inline_texts_prefixes_and_readings_are_understood() -> None:
    rows = (
        '<x:row r="4"><x:c r="B4" t="inlineStr"><x:is><x:t>ZG1</x:t></x:is></x:c>'
        '<x:c t="s"><x:v>0</x:v></x:c><x:c t="e"><x:v>#N/A</x:v></x:c>'
        '<x:c t="str"><x:f>1+1</x:f><x:v>two</x:v></x:c><x:c t="s"><x:v>99</x:v></x:c></x:row>'
    )
    strings = "<sst><si><r><t>配</t></r><r><t>送</t></r><rPh><t>sōng</t></rPh></si></sst>"
    prefixed = f'<x:worksheet xmlns:x="x"><x:sheetData>{rows}</x:sheetData></x:worksheet>'
    (row,) = read_table(sheet_of(prefixed, strings))
    assert (row.number, row.cells) == (4, ("", "ZG1", "配送", "#N/A", "two"))


def test_the_first_sheet_that_is_not_hidden_is_read() -> None:
    workbook = (
        '<workbook xmlns:r="r"><sheets><sheet name="a" state="hidden" r:id="rId1"/>'
        '<sheet name="b" r:id="rId2"/></sheets></workbook>'
    )
    cell = '<row><c t="str"><v>{}</v></c></row>'
    content = sheet_of(
        sheet(cell.format("one")), workbook=workbook, second=sheet(cell.format("two"))
    )
    assert texts(content) == [["two"]]


def bomb_of_one_row() -> bytes:
    return sheet_of(sheet(f"<row>{'<c/>' * 10_000_000}</row>"))


def bomb_of_strings() -> bytes:
    return sheet_of(sheet(""), f"<sst>{'<si/>' * 10_000_000}</sst>")


def bomb_of_zeros() -> bytes:
    return sheet_of(sheet(f"<row><c><v>{'0' * 90_000_000}</v></c></row>"))


def bomb_of_entities() -> bytes:
    laughs = "".join(
        f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' if n else '<!ENTITY l0 "ha">' for n in range(12)
    )
    body = sheet('<row><c t="str"><v>&l11;</v></c></row>')
    return sheet_of(f"<!DOCTYPE x [{laughs}]>{body}")


def file_of_elsewhere() -> bytes:
    body = sheet('<row><c t="str"><v>&f;</v></c></row>')
    return sheet_of(f'<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]>{body}')


def many_parts() -> bytes:
    file = BytesIO()
    with zipfile.ZipFile(file, "w") as book:
        for number in range(1001):
            book.writestr(f"xl/{number}", "")
    return file.getvalue()


def lying_sizes() -> bytes:
    """Says that its sheet is ten bytes long."""
    content = bytearray(sheet_of(sheet(f"<row>{'<c/>' * 100_000}</row>")))
    for begin in (b"PK\x01\x02", b"PK\x03\x04"):
        place = content.find(b"xl/worksheets/sheet1.xml", content.find(begin))
        record = content.rfind(begin, 0, place)
        size = record + (24 if begin == b"PK\x01\x02" else 22)
        content[size : size + 4] = struct.pack("<I", 10)
    return bytes(content)


@pytest.mark.parametrize(
    "made",
    [
        bomb_of_one_row,
        bomb_of_strings,
        bomb_of_zeros,
        bomb_of_entities,
        file_of_elsewhere,
        many_parts,
        lying_sizes,
    ],
)
def test_a_file_that_unpacks_to_more_than_it_should_is_refused_in_a_bounded_space(
    made: object,
) -> None:
    content = made()  # type: ignore[operator]
    assert len(content) < MOST_BYTES
    tracemalloc.start()
    try:
        with pytest.raises(Unreadable):
            read_table(content)
        assert tracemalloc.get_traced_memory()[1] < 60_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n\n,,,\n",
        b"%PDF-1.7\0\0",
        b"\xd0\xcf\x11\xe0old",
        b"PK\x03\x04" + b"x" * 100,
        as_xlsx(*ROWS)[:-200],
        sheet_of("<worksheet><sheetData><row>"),
        sheet_of(""),
        sheet_of(sheet(""), workbook="<workbook/>"),
        sheet_of(sheet("<row><c><v>1</v></c></row>"), "no xml"),
        b"\xff\xfe" + "a,b".encode("utf-16-le"),
        b"\x81\xff\x00",
        misplaced(as_xlsx(*ROWS)),
        compressed_otherwise(as_xlsx(*ROWS)),
    ],
    ids=range(14),
)
def test_what_is_no_table_is_refused_in_words(content: bytes) -> None:
    with pytest.raises(Unreadable):
        read_table(content)


def test_a_file_has_its_size_and_its_rows() -> None:
    with pytest.raises(Unreadable, match="5 MB"):
        read_table(b"a" * (MOST_BYTES + 1))
    assert len(read_table(b"a,b\n" * MOST_ROWS)) == MOST_ROWS
    with pytest.raises(Unreadable, match="50,000"):
        read_table(b"a,b\n" * (MOST_ROWS + 1))
    with pytest.raises(Unreadable, match="50,000"):
        read_table(sheet_of(sheet("<row><c><v>1</v></c></row>" * (MOST_ROWS + 1))))


def test_only_the_begin_is_read_where_no_more_is_asked_for() -> None:
    broken_later = "<worksheet><sheetData><row><c><v>1</v></c></row>" + "<row>" * 20_000
    assert len(read_table(sheet_of(broken_later), most=1)) == 1


def test_hostile_cells_are_kept_as_texts_or_passed_over() -> None:
    rows = (
        '<row r="99999999999"><c r="A1"><v>1e999</v></c><c r="ZZZ1"><v>1</v></c>'
        '<c r="??"><v>NaN</v></c><c t="s"><v>-1</v></c><c t="d"><v>2026-11-05</v></c></row>'
    )
    (row,) = read_table(sheet_of(sheet(rows)))
    assert row.number == 1
    assert row.cells[0] == "1e999"
    assert len(row.cells) <= 80


@given(st.binary(max_size=300))
def test_no_bytes_break_the_reader(content: bytes) -> None:
    for begin in (b"", b"PK\x03\x04", b"\xef\xbb\xbf"):
        try:
            rows = read_table(begin + content)
        except Unreadable:
            continue
        assert rows
        assert all(0 < len(row.cells) <= MOST_COLUMNS for row in rows)


def test_columns_are_named_as_sheets_name_them() -> None:
    names = dict(zip(xlsx.letters(), range(100), strict=False))
    assert (names["A"], names["Z"], names["AA"], names["AB"]) == (0, 25, 26, 27)
