"""Files as couriers give them, and as nobody should."""

import io
import zipfile
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from openpyxl import Workbook

HEADINGS = ("商家订单号", "配送费", "小费", "违约金", "合计", "完成时间")


def as_csv(*rows: Sequence[object], encoding: str = "utf-8-sig") -> bytes:
    return "\r\n".join(",".join(map(str, row)) for row in rows).encode(encoding)


def as_xlsx(*rows: Sequence[Any]) -> bytes:
    book = Workbook()
    page = book.active
    assert page is not None
    for row in rows:
        page.append(list(row))
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def line(number: object, fee: str = "12.00", tip: str = "", deduction: str = "") -> list[object]:
    """A line as HEADINGS say."""
    total = sum(Decimal(part) for part in (fee, tip, deduction) if part)
    return [number, fee, tip, deduction, f"{total:.2f}", "2026-11-05 12:30:00"]


def sheet_of(xml: str, strings: str = "<sst/>", **parts: str) -> bytes:
    """An XLSX with exactly this XML in it."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr(
            "xl/workbook.xml",
            parts.get("workbook")
            or '<workbook xmlns:r="r"><sheets><sheet name="a" r:id="rId1"/></sheets></workbook>',
        )
        book.writestr(
            "xl/_rels/workbook.xml.rels",
            '<Relationships><Relationship Id="rId1" Target="worksheets/sheet1.xml"/>'
            '<Relationship Id="rId2" Target="/xl/worksheets/sheet2.xml"/></Relationships>',
        )
        book.writestr("xl/sharedStrings.xml", strings)
        book.writestr("xl/worksheets/sheet1.xml", xml)
        if "second" in parts:
            book.writestr("xl/worksheets/sheet2.xml", parts["second"])
    return file.getvalue()


def sheet(rows: str) -> str:
    return f"<worksheet><sheetData>{rows}</sheetData></worksheet>"
