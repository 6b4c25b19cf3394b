"""Orders as a table: CSV of a shop's own system, or cells pasted from a spreadsheet."""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from django.utils.translation import gettext as _

from delivery.services import csv_records
from delivery.services.pasting import FOUND, read_pasted
from delivery.services.places import Place
from delivery.services.wished_times import dated
from stores.conflicts import Conflict
from stores.text import one_line, plain, unmarked

MOST_ROWS, MOST_COLUMNS, LONGEST_CELL = 200, 60, 2000
MOST_BYTES, MOST_TEXT = 1_000_000, 300_000
# Typed field → how its column may be called; the first one stands in the template.
HEADINGS: Mapping[str, Sequence[str]] = {
    "reference": ("订单号", "商家订单号", "编号", "reference", "order number"),
    "pasted": ("整段地址", "收货信息", "pasted"),
    "name": ("收货人", "收件人", "姓名", "name"),
    "phone": ("电话", "手机", "手机号", "联系电话", "收货电话", "phone"),
    "city": ("城市", "city"),
    "address": ("地址", "街道", "详细地址", "收货地址", "address"),
    "detail": ("门牌", "门牌号", "楼号门牌", "detail", "door"),
    "lng": ("经度", "lng", "longitude"),
    "lat": ("纬度", "lat", "latitude"),
    "openid": ("openid", "收货人openid", "用户openid"),
    "goods": ("商品", "物品", "商品名称", "goods"),
    "count": ("件数", "数量", "count", "number"),
    "value": ("货值", "金额", "物品价值", "value"),
    "weight": ("重量", "重量kg", "weight"),
    "kind": ("品类", "类目", "物品类型", "kind", "category"),
    "note": ("备注", "note"),
    "wanted": ("期望送达", "期望时间", "送达时间", "wanted"),
    "page": ("小程序页面", "page"),
    "picture": ("图片", "图片地址", "picture"),
}
_MARKS = str.maketrans("", "", " *（）()：:_-/")


class Unreadable(Conflict):
    """A table of which nothing can be taken."""


@dataclass(frozen=True)
class TableRow:
    """`number` is that of its first line; `text` is the row as it was given."""

    number: int
    typed: Mapping[str, str]
    text: str


@dataclass(frozen=True)
class Table:
    """`fields` are the names of the columns, "" for one that says nothing to us."""

    rows: Sequence[TableRow]
    fields: Sequence[str]
    delimiter: str
    # The line of the headings as it was given.
    heading: str
    # Headings that say nothing to us.
    unknown: Sequence[str]

    def only(self, numbers: set[int]) -> str:
        """Returns the table with the headings and these rows alone."""
        kept = [row.text for row in self.rows if row.number in numbers]
        return "\n".join([self.heading, *kept]) + "\n" if kept else ""

    def with_places(self, places: Mapping[int, Place]) -> str:
        """Returns the whole table with these coordinates in the rows of these numbers."""
        rows = [
            self._with_place(row.text, places[row.number]) if row.number in places else row.text
            for row in self.rows
        ]
        return "\n".join([self.heading, *rows]) + "\n"

    def _with_place(self, text: str, place: Place) -> str:
        # As the row was read: a quotation mark that nobody closes takes no other cells with it.
        lines = text.split("\n")
        _line, cells, _given = next(
            csv_records.records(lines, self.delimiter, width=len(self.fields))
        )
        values = {"lng": str(place.lng), "lat": str(place.lat)}
        changed = [
            values.get(name, cell) for name, cell in zip_longest(self.fields, cells, fillvalue="")
        ]
        return csv_records.record_of(changed, self.delimiter)


def decoded(content: bytes) -> str:
    """Returns the text of a file, which is UTF-8 or GB18030. Raises Unreadable."""
    if len(content) > MOST_BYTES:
        raise Unreadable(_("This file is too large: up to %(count)d orders at once.") % _MOST)
    text = csv_records.decoded(content)
    if text is not None:
        return text
    raise Unreadable(_("This is no CSV file. Save it as CSV in your spreadsheet program."))


def read_table(text: str) -> Table:
    """Returns the rows that are not empty. Raises Unreadable."""
    if len(text) > MOST_TEXT:
        raise Unreadable(_("This table is too long: up to %(count)d orders at once.") % _MOST)
    lines = csv_records.lines_of(text)
    begin = next((number for number, line in enumerate(lines) if line.strip()), None)
    if begin is None:
        raise Unreadable(_("Choose a file or paste a table first."))
    delimiter = csv_records.delimiter_of([lines[begin]])
    titles = csv_records.cells_of(lines[begin], delimiter)[:MOST_COLUMNS]
    fields = [_field_of(title) for title in titles]
    if not {"name", "phone", "pasted"} & set(fields):
        words = _("The first line has to name the columns, as the template does.")
        raise Unreadable(words)
    rows: list[TableRow] = []
    below = csv_records.records(lines, delimiter, width=len(titles), begin=begin + 1)
    for number, cells, given in below:
        if len(rows) == MOST_ROWS:
            raise Unreadable(_("These are more than %(count)d orders.") % _MOST)
        rows.append(TableRow(number, _typed(fields, cells), given))
    if not rows:
        raise Unreadable(_("There is no order below the names of the columns."))
    unknown = [title for title, name in zip(titles, fields, strict=True) if title and not name]
    return Table(
        rows=_numbered(rows),
        fields=fields,
        delimiter=delimiter,
        heading=lines[begin],
        unknown=[one_line(title)[:40] for title in unknown[:10]],
    )


_MOST = {"count": MOST_ROWS}


def _field_of(title: str) -> str:
    wanted = plain(title).lower().translate(_MARKS)
    for name, titles in HEADINGS.items():
        if wanted and wanted in [each.lower().translate(_MARKS) for each in titles]:
            return name
    return ""


def _typed(fields: Sequence[str], cells: Sequence[str]) -> dict[str, str]:
    """Returns what stands in each known column; the first one of a name counts."""
    typed: dict[str, str] = {}
    for name, cell in zip(fields, cells, strict=False):
        if name and not typed.get(name):
            typed[name] = one_line(unmarked(cell[:LONGEST_CELL]))
    if pasted := typed.pop("pasted", ""):
        found = read_pasted(pasted)
        for name in FOUND:
            typed[name] = typed.get(name) or getattr(found, name)
    if typed.get("wanted"):
        # So that the same table is the same orders today, and others tomorrow.
        typed["wanted"] = dated(typed["wanted"])
    return typed


def _numbered(rows: Sequence[TableRow]) -> list[TableRow]:
    """Gives rows without a number of their own one that they get again, so that a table that is
    imported twice is not sent twice.
    """
    seen: Counter[str] = Counter()
    found = []
    for row in rows:
        if not row.typed.get("reference"):
            content = "\n".join(f"{name}={row.typed[name]}" for name in sorted(row.typed))
            seen[content] += 1
            digest = hashlib.sha256(f"{seen[content]}\n{content}".encode()).hexdigest()
            row = TableRow(row.number, {**row.typed, "reference": f"csv-{digest[:12]}"}, row.text)
        found.append(row)
    return found
