"""Orders as a table: looked at, then imported; a bad row stops no other."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from delivery.models import Delivery, DeliveryStore
from delivery.pages.typed_orders import KINDS, kind_of
from delivery.services.order_tables import (
    MOST_ROWS,
    MOST_TEXT,
    Unreadable,
    decoded,
    read_table,
)
from delivery.services.places import Place
from delivery.wire.categories import CATEGORIES
from stores.roles import Role
from tests.back_office import at_work
from tests.delivery.entry.typing import IMPORT, made, send, table
from tests.delivery.factories import DeliveryStoreFactory
from tests.pages import HOSTILE

pytestmark = pytest.mark.django_db
THREE = table({"reference": "A"}, {"reference": "B", "value": "9999"}, {"reference": "C"})


def post(client: Client, text: str, do: str = "look") -> str:
    answer = client.post(IMPORT, {"table": text, "do": do})
    assert answer.status_code in (200, 422)
    return answer.content.decode()


def test_a_table_is_looked_at_and_nothing_is_saved(clerk: Client) -> None:
    html = post(clerk, THREE)
    assert ("Ready to import: 2." in html, "Wrong: 1." in html) == (True, True)
    assert "value in yuan: Ensure this value is less than or equal to 5000" in html
    assert made() == []


def test_one_bad_row_stops_no_other_and_stays_to_be_corrected(clerk: Client) -> None:
    answer = clerk.post(IMPORT, {"table": THREE, "do": "import"})
    assert made() == ["A", "C"]
    kept = answer.context["text"]
    assert [row.typed["reference"] for row in read_table(kept).rows] == ["B"]
    post(clerk, kept.replace("9999", "99"), "import")
    assert made() == ["A", "B", "C"]


def test_a_table_that_is_imported_twice_is_sent_once(clerk: Client) -> None:
    text = table({"reference": ""}, {"reference": ""}, {"reference": "X"})
    post(clerk, text, "import")
    first = made()
    assert "Entered before" in post(clerk, text, "import")
    assert (len(first), made()) == (3, first)


def test_a_number_that_stands_twice_in_a_table_is_one_order(clerk: Client) -> None:
    html = post(clerk, table({"reference": "A"}, {"reference": "A"}), "import")
    assert "Line 2 has the same order number." in html
    assert made() == ["A"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_file_of_each_encoding_is_read(clerk: Client, encoding: str) -> None:
    answer = clerk.post(
        f"{IMPORT}file/", THREE.encode(encoding), content_type="application/octet-stream"
    )
    assert read_table(answer.json()["text"]).rows[0].typed["name"] == "陈女士"


@pytest.mark.parametrize("content", [b"\xff\xfe\x00x", b"PK\x03\x04\x00\x00\xff", b"a" * 1_000_001])
def test_what_is_no_table_is_refused_with_words(clerk: Client, content: bytes) -> None:
    answer = clerk.post(f"{IMPORT}file/", content, content_type="application/octet-stream")
    assert (answer.status_code, bool(answer.json()["trouble"])) == (409, True)


@pytest.mark.parametrize("delimiter", ["\t", ";"])
def test_cells_copied_from_a_spreadsheet_are_read(clerk: Client, delimiter: str) -> None:
    post(clerk, table({"reference": "A"}, delimiter=delimiter), "import")
    assert made() == ["A"]


def test_a_whole_address_in_one_cell_is_taken_apart(clerk: Client) -> None:
    text = (
        "整段地址,经度,纬度,openid,商品,货值,重量,品类,小程序页面,图片\n"
        "林晓梅 13900001234 浙江省杭州市西湖区文三路88号3幢502室,120.12531,30.28712,o1,面,20,1,"
        "零食小吃,/p,https://shop.example/1.png\n"
    )
    post(clerk, text, "import")
    row = Delivery.objects.get()
    assert (row.receiver["name"], row.receiver["city"]) == ("林晓梅", "杭州市")
    assert row.cargo["first_class"] == "美食夜宵"


def test_what_the_table_leaves_open_is_taken_from_the_last_order(clerk: Client) -> None:
    send(clerk)
    post(clerk, table({"reference": "B", "kind": "", "page": "", "picture": ""}), "import")
    assert made() == ["A-1", "B"]


def test_a_phone_that_a_spreadsheet_has_rounded_is_refused(clerk: Client) -> None:
    assert "has rounded" in post(clerk, table({"phone": "1.38E+10"}), "import")
    post(clerk, table({"reference": "B", "phone": '"=""13800000002"""'}), "import")
    assert Delivery.objects.get().receiver["phone"] == "13800000002"


@pytest.mark.parametrize(
    "cell", ["=cmd|' /C calc'!A0", "@SUM(1)", "<script>alert(1)</script>", '"a', "x\x00y"]
)
def test_a_hostile_cell_is_a_text_and_leaves_its_neighbours_alone(clerk: Client, cell: str) -> None:
    html = post(clerk, table({"reference": "A"}, {"reference": "B", "name": cell}, {}), "import")
    assert "<script>alert(1)" not in html
    assert {"A", "A-1"} <= set(made())


@pytest.mark.parametrize("text", [*HOSTILE, "a,b\n1,2\n", "姓名\n", "姓名,姓名\n\n"])
def test_a_table_without_orders_is_refused_with_words(clerk: Client, text: str) -> None:
    answer = clerk.post(IMPORT, {"table": text, "do": "import"})
    assert (answer.status_code, bool(answer.context["problem"])) == (422, True)


def test_at_most_200_orders_go_at_once_and_their_number_costs_few_queries(clerk: Client) -> None:
    rows = [{"reference": f"R{number}"} for number in range(MOST_ROWS)]
    with CaptureQueriesContext(connection) as asked:
        assert f"Ready to import: {MOST_ROWS}." in post(clerk, table(*rows))
    assert len(asked) < 2 * MOST_ROWS + 30
    assert "more than 200" in post(clerk, table(*rows, {"reference": "last"}), "import")
    assert made() == []


def test_the_template_is_a_table_without_orders(clerk: Client) -> None:
    content = clerk.get(f"{IMPORT}template.csv").content
    with pytest.raises(Unreadable, match="no order"):
        read_table(decoded(content))
    line = content.decode().strip() + "\n" + ",".join(["1"] * 17)
    assert read_table(line).unknown == []


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.text(max_size=200))
def test_no_text_breaks_the_reading_of_a_table(text: str) -> None:
    try:
        found = read_table(f"姓名,电话\n陈,1\n{text}")
    except Unreadable:
        return
    assert found.rows[0].typed["phone"] == "1"
    assert found.with_places({row.number: Place.of(120, 30) for row in found.rows})


def test_each_kind_of_goods_can_be_typed_as_it_is_shown() -> None:
    assert sum(map(len, CATEGORIES.values())) == len(KINDS)
    assert {kind_of(shown) for shown in KINDS} == set(KINDS.values())
    assert [kind_of(f"{a}-{b}") for a, b in KINDS.values()] == list(KINDS.values())


def test_rows_go_to_own_stores_only(place: DeliveryStore) -> None:
    stranger = at_work(DeliveryStoreFactory().store, Role.CLERK)
    answer = stranger.post(IMPORT, {"table": THREE, "do": "import", "store": place.store_id})
    assert (answer.status_code, made()) == (404, [])


@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_swapped_coordinates_are_put_right_for_all_rows_at_one_click(
    clerk: Client, delimiter: str
) -> None:
    right = {"reference": "A", "goods": '"面, 大份"'} if delimiter == "," else {"reference": "A"}
    swapped = {"lng": "30.287120", "lat": "120.125310"}
    text = table(
        right, right | swapped | {"reference": "B"}, swapped | {"reference": "C"},
        delimiter=delimiter,
    )  # fmt: skip
    looked = clerk.post(IMPORT, {"table": text, "do": "look"})
    assert (looked.context["meant"], looked.context["wrong"]) == (2, 2)
    fixed = clerk.post(IMPORT, {"table": text, "do": "place"})
    assert (fixed.context["meant"], fixed.context["fitting"], made()) == (0, 3, [])
    rows = [dict(row.typed) for row in read_table(fixed.context["text"]).rows]
    assert {row["lng"] for row in rows} == {"120.125310"}
    assert rows[1] | {"reference": "A"} == rows[0]
    post(clerk, fixed.context["text"], "import")
    assert made() == ["A", "B", "C"]


def test_a_quotation_mark_that_nobody_closes_keeps_its_row_when_coordinates_are_put_right() -> None:
    table = read_table('收货人,商品,经度,纬度,电话\n陈,"面 大份,30.28,120.12,13800000002\n')
    fixed = table.with_places({2: Place.of(120.12, 30.28)})
    wanted = dict(table.rows[0].typed) | {"lng": "120.120000", "lat": "30.280000"}
    assert dict(read_table(fixed).rows[0].typed) | {"reference": wanted["reference"]} == wanted


def test_coordinates_that_make_a_table_too_long_are_said_and_nothing_is_lost(
    clerk: Client,
) -> None:
    rows = "收货人,经度,纬度,备注\n" + "陈,30.2,120.1,\n" * MOST_ROWS
    each, rest = divmod(MOST_TEXT - len(rows), MOST_ROWS)
    text = rows.replace(".1,\n", f".1,{'x' * each}\n") + "\n" * rest
    assert len(text) == MOST_TEXT
    answer = clerk.post(IMPORT, {"table": text, "do": "place"})
    assert answer.status_code == 422
    assert "This table is too long" in answer.content.decode()
    assert answer.context["text"].count("120.100000,30.200000") == MOST_ROWS


def test_a_table_in_which_nothing_is_meant_otherwise_stays_as_it_is(clerk: Client) -> None:
    looked = clerk.post(IMPORT, {"table": THREE, "do": "place"})
    assert "Take the meant" not in looked.content.decode()
    assert len(read_table(looked.context["text"]).rows) == 3


def test_what_is_further_than_couriers_go_is_said_of_its_row(clerk: Client) -> None:
    answer = post(clerk, table({"lat": "30.684383"}, {"reference": "B"}), "import")
    assert answer.count("Further than most couriers go") == 1
    assert made() == ["A-1", "B"]


def test_times_of_a_table_may_be_typed_as_people_say_them(clerk: Client) -> None:
    tomorrow = timezone.localdate() + timedelta(days=1)
    text = "整段地址\n陈女士 13800000002 明天 12:30\n"
    assert read_table(text).rows[0].typed["wanted"] == f"{tomorrow}T12:30"
    with time_machine.travel(datetime(2026, 12, 1, 9, tzinfo=UTC), tick=False):
        first = read_table("姓名,期望送达\n陈,18:00\n").rows[0].typed
    with time_machine.travel(datetime(2026, 12, 2, 9, tzinfo=UTC), tick=False):
        second = read_table("姓名,期望送达\n陈,18:00\n").rows[0].typed
    assert (first["wanted"], second["wanted"]) == ("2026-12-01T18:00", "2026-12-02T18:00")
    # Without numbers of their own, these are two orders.
    assert first["reference"] != second["reference"]
