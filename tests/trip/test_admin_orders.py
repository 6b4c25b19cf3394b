"""Ticket orders in the back office: search, the timeline, and actions by hand."""

import csv
import io
from datetime import timedelta

import pytest
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone, translation
from openpyxl import load_workbook

from stores.backoffice.verbs import verb_label
from stores.models import AuditEntry, Connection, OutboundAttempt, OutboundCall, Store
from stores.roles import Role
from tests.meituan import VISITOR, Meituan, selling
from tests.trip.back_office import at_work, listed, page, press
from tests.trip.factories import TicketProductFactory
from trip import services
from trip.admin.timeline import timeline
from trip.choices import Issuing, Method, VisitorInfo, VoucherType
from trip.models import Order, Product
from trip.services.pictures import picture_url

pytestmark = pytest.mark.django_db
LIST = "/admin/trip/order/"


@pytest.fixture
def product(connection: Connection, store: Store) -> Product:
    return TicketProductFactory(connection=connection, store=store, offer__stock=100)


def shown(client: Client, order: Order) -> str:
    answer = client.get(page(order))
    assert answer.status_code == 200
    return answer.content.decode()


# Finding


def test_an_order_is_found_by_either_number_and_by_a_code(
    manager_client: Client, sold: tuple[Meituan, Product]
) -> None:
    meituan, product = sold
    order, _other = meituan.bought(product), meituan.bought(product)
    code = order.vouchers.get().code
    for text in (
        str(order.order_id),
        order.partner_order_id,
        code,
        code.lower(),
        f" {code[:7]} {code[7:]} ",
    ):
        assert listed(manager_client, "order", q=text) == [order]


@pytest.mark.parametrize(
    "text", ["'; DROP TABLE", "😀", "９９９９", "9" * 40, "9" * 10_000, "%", "\x00", "-1"]
)
def test_strange_searches_find_nothing(
    manager_client: Client, sold: tuple[Meituan, Product], text: str
) -> None:
    sold[0].bought(sold[1])
    rows = listed(manager_client, "order", q=text)
    assert len(rows) == (1 if text == "\x00" else 0)


def test_anothers_order_is_not_found(manager_client: Client) -> None:
    meituan, product = selling()
    order = meituan.bought(product)
    for text in (str(order.order_id), order.partner_order_id, order.vouchers.get().code):
        assert listed(manager_client, "order", q=text) == []


def test_filters_narrow_the_list(manager_client: Client, sold: tuple[Meituan, Product]) -> None:
    meituan, product = sold
    unpaid, used, drill = (
        meituan.bought(product, pay=False),
        meituan.bought(product),
        meituan.bought(product),
    )
    day = timezone.localdate() + timedelta(days=3)
    Order.objects.filter(pk=unpaid.pk).update(travel_date=day)
    Order.objects.filter(pk=drill.pk).update(is_drill=True)
    services.order_consume(order_pk=used.pk, actor=None, method=Method.COUNTER)
    meituan.close(used.order_id, 3)
    assert listed(manager_client, "order", status__exact="created") == [unpaid]
    assert listed(manager_client, "order", person="yes") == [used]
    assert listed(manager_client, "order", drill="only") == [drill]
    assert listed(manager_client, "order", travel_date_from=f"{day}", travel_date_to=f"{day}") == [
        unpaid
    ]
    assert len(listed(manager_client, "order", product__id__exact=str(product.pk))) == 2
    assert len(listed(manager_client, "order", store__id__exact=str(product.store_id))) == 2


def test_the_list_counts_used_and_refunded_tickets(
    manager_client: Client, sold: tuple[Meituan, Product]
) -> None:
    meituan, product = sold
    order = meituan.bought(product, 5)
    services.order_consume(order_pk=order.pk, quantity=2, actor=None, method=Method.COUNTER)
    meituan.refund(order, 1, [order.vouchers.order_by("id")[4].code])
    assert ">2 / 1<" in manager_client.get(LIST).content.decode()


def test_an_order_of_which_nothing_is_left_says_so(
    manager_client: Client, sold: tuple[Meituan, Product]
) -> None:
    meituan, product = sold
    order = meituan.bought(product, 2)
    meituan.refund(order, 2)
    assert "all refunded" in manager_client.get(LIST).content.decode()
    used = meituan.bought(product, 1)
    services.order_consume(order_pk=used.pk, quantity=1, actor=None, method=Method.COUNTER)
    assert "used up" in manager_client.get(LIST).content.decode()


def test_orders_of_a_drill_are_shown_marked_to_who_looks_for_them(
    manager_client: Client, sold: tuple[Meituan, Product]
) -> None:
    order, drill = sold[0].bought(sold[1]), sold[0].bought(sold[1])
    Order.objects.filter(pk=drill.pk).update(is_drill=True)
    export = reverse("admin:trip_order_csv")
    rows = b"".join(manager_client.get(export)).decode()
    assert (str(order.order_id) in rows, str(drill.order_id) in rows) == (True, False)
    assert listed(manager_client, "order") == [order]
    assert listed(manager_client, "order", drill="too") == [drill, order]
    assert listed(manager_client, "order", q=str(drill.order_id)) == [drill]
    page = manager_client.get(
        reverse("admin:trip_order_changelist"), {"drill": "only"}
    ).content.decode()
    assert f"{drill.order_id} · drill" in page


def test_uses_of_a_drill_are_not_in_the_audit_log(sold: tuple[Meituan, Product]) -> None:
    order, drill = sold[0].bought(sold[1]), sold[0].bought(sold[1])
    Order.objects.filter(pk=drill.pk).update(is_drill=True)
    for each in (order, drill):
        services.order_consume(order_pk=each.pk, actor=None, method=Method.COUNTER)
    assert [entry.target for entry in AuditEntry.objects.all()] == [str(order.order_id)]


def test_the_list_takes_the_same_queries_however_long_it_is(
    manager_client: Client, sold: tuple[Meituan, Product]
) -> None:
    meituan, product = sold
    for _ in range(3):
        meituan.bought(product)
    manager_client.get(LIST)
    with CaptureQueriesContext(database) as few:
        manager_client.get(LIST)
    for _ in range(20):
        meituan.bought(product, 3)
    with CaptureQueriesContext(database) as many:
        assert len(listed(manager_client, "order")) == 23
    assert len(many) == len(few)


# Reading


def test_codes_open_doors_and_clerks_see_only_their_ends(sold: tuple[Meituan, Product]) -> None:
    meituan, product = sold
    order = meituan.bought(product)
    code = order.vouchers.get().code
    clerk, manager = (
        shown(at_work(product.store, Role.CLERK), order),
        shown(at_work(product.store), order),
    )
    assert (code in manager, code in clerk, f"…{code[-4:]}" in clerk) == (True, False, True)


def test_the_timeline_hides_from_clerks_whatever_shows_a_code(
    sold: tuple[Meituan, Product],
) -> None:
    meituan, product = sold
    order = meituan.bought(product)
    address = picture_url(order.vouchers.get()).rpartition("/")[2]
    clerk, manager = (
        shown(at_work(product.store, Role.CLERK), order),
        shown(at_work(product.store), order),
    )
    assert (address in manager, address in clerk) == (True, False)


def test_answers_that_changed_are_told_one_by_one() -> None:
    meituan, product = selling(refund_review=True)
    order = meituan.bought(product)
    asked = meituan.refund_body(order, 1)
    decide = {"actor": None, "method": Method.ADMIN}
    for _ in range(2):
        meituan.ask("order/refund", asked)
    refund = order.refunds.get()
    for agree, reason in ((False, "已制作"), (True, "")):
        services.refund_decide(refund_pk=refund.pk, agree=agree, reason=reason, **decide)  # type: ignore[arg-type]
        meituan.ask("order/refund", asked)
    with translation.override("en"):
        told = [
            moment.text for moment in timeline(order, codes_shown=True) if "refund" in moment.title
        ]
    assert [text[12:15] for text in told if text.startswith("We answered")] == ["602", "606", "601"]


def moments(order: Order) -> list[str]:
    with translation.override("en"):
        return [moment.title for moment in timeline(order, codes_shown=True)]


def test_everything_that_was_said_is_told_in_order() -> None:
    meituan, product = selling(
        issuing=Issuing.UPSTREAM, voucher_type=VoucherType.PER_ORDER, refund_review=True
    )
    order = meituan.bought(product, 2)
    meituan.query(order.order_id)
    meituan.pay(order.order_id)
    services.order_issue(order_pk=order.pk, codes=["UP-1"], actor=None, method=Method.API)
    meituan.refund(order, 1)
    services.refund_decide(
        refund_pk=order.refunds.get().pk, agree=True, reason="", actor=None, method=Method.ADMIN
    )
    services.order_consume(order_pk=order.pk, quantity=1, actor=None, method=Method.COUNTER)
    call = OutboundCall.objects.get(operation="ticket.used")
    OutboundAttempt.objects.create(call=call, outcome="refused", detail="500 系统错误")
    OutboundCall.objects.filter(pk=call.pk).update(attempts_made=1)
    assert moments(order) == [
        "Meituan ordered",
        "Meituan reported the payment",
        "Meituan asked how the order stands",
        "Tell Meituan: tickets issued: pending",
        "Issued tickets by hand or through an own system",
        "Meituan asked for a refund",
        "Tell Meituan: refund decided: pending",
        "Agreed to a refund",
        "Used tickets",
        "Tell Meituan: tickets used: refused",
    ]
    with translation.override("en"):
        paid = timeline(order, codes_shown=True)[1]
    assert paid.text == "We answered 598 出票中. Asked 1 times more."
    assert [str(order.order_id) in message.text for message in paid.messages] == [True, True]


@pytest.mark.parametrize("role", [Role.CLERK, Role.OWNER])
def test_no_message_of_the_timeline_names_a_visitor(role: Role) -> None:
    meituan, product = selling(visitor_info=VisitorInfo.EACH, credential_types=[0])
    order = meituan.bought(product, visitors=[VISITOR])
    text = str(timeline(order, codes_shown=role == Role.OWNER))
    assert ("王小明" in text, "13800001234" in text, "110101199001010000" in text) == (
        False,
        False,
        False,
    )
    assert (order.vouchers.get().code in text) == (role == Role.OWNER)


def test_another_orders_messages_are_not_told(sold: tuple[Meituan, Product]) -> None:
    meituan, product = sold
    order, other = meituan.bought(product), meituan.bought(product)
    services.order_consume(order_pk=other.pk, actor=None, method=Method.COUNTER)
    assert moments(order) == ["Meituan ordered", "Meituan reported the payment"]


def test_a_long_order_takes_the_same_queries(
    manager_client: Client, sold: tuple[Meituan, Product]
) -> None:
    meituan, product = sold
    short, long = meituan.bought(product, 2), meituan.bought(product, 30)
    for order, times in ((short, 2), (long, 12)):
        for _ in range(times):
            services.order_consume(order_pk=order.pk, quantity=1, actor=None, method=Method.COUNTER)
    shown(manager_client, short)
    with CaptureQueriesContext(database) as few:
        shown(manager_client, short)
    with CaptureQueriesContext(database) as many:
        shown(manager_client, long)
    assert len(many) == len(few)


# Doing


@pytest.fixture
def waiting() -> Order:
    meituan, product = selling(issuing=Issuing.UPSTREAM, voucher_type=VoucherType.PER_TICKET)
    return meituan.bought(product, 2)


def test_codes_are_pasted_one_per_line(waiting: Order) -> None:
    client = at_work(waiting.store)
    assert "needs 2 codes, not 1" in press(client, waiting, "issue", codes="UP-1")
    assert "Done" in press(client, waiting, "issue", codes=" UP-1 \r\n\r\nUP-2\r\n")
    waiting.refresh_from_db()
    assert (waiting.status, [voucher.code for voucher in waiting.vouchers.order_by("id")]) == (
        "issued",
        ["UP-1", "UP-2"],
    )
    assert OutboundCall.objects.get().operation == "ticket.issued"


def test_who_cannot_issue_says_why(waiting: Order) -> None:
    client = at_work(waiting.store)
    assert "This field is required" in press(client, waiting, "fail", reason=" ")
    assert Order.objects.get().status == "issuing"
    assert "Done" in press(client, waiting, "fail", reason="景区临时闭园")
    assert (Order.objects.get().status, Order.objects.get().failure) == ("failed", "景区临时闭园")
    assert "Issue by hand" not in shown(client, waiting)


def test_tickets_are_used_by_number_and_a_second_click_uses_no_more(
    manager_client: Client, sold: tuple[Meituan, Product]
) -> None:
    order = sold[0].bought(sold[1], 3)
    form = manager_client.get(page(order, "do", "use")).context["form"]
    answers = {"quantity": "2", "request_key": form["request_key"].value()}
    for _ in range(2):
        assert "Done" in press(manager_client, order, "use", **answers)
    assert [used.quantity for used in order.consumptions.all()] == [2]
    assert "Not so many tickets are left" in press(manager_client, order, "use", quantity="2")


def test_a_form_from_the_browsers_history_with_another_number_is_another_use(
    manager_client: Client, sold: tuple[Meituan, Product]
) -> None:
    order = sold[0].bought(sold[1], 3)
    for quantity in ("1", "2"):
        answers = {"quantity": quantity, "request_key": "admin-1"}
        assert "Done" in press(manager_client, order, "use", **answers)
    assert sorted(used.quantity for used in order.consumptions.all()) == [1, 2]


def test_tickets_are_used_by_code(manager_client: Client, sold: tuple[Meituan, Product]) -> None:
    order = sold[0].bought(sold[1], 3)
    first, second, _third = order.vouchers.order_by("id")
    assert "Done" in press(manager_client, order, "use", codes=f"{first.code}\n{second.code}")
    assert [voucher.used for voucher in order.vouchers.order_by("id")] == [1, 1, 0]
    assert "does not belong" in press(manager_client, order, "use", codes="FOREIGN")
    assert "how many tickets" in press(manager_client, order, "use")


def test_tickets_are_used_outside_their_days_only_when_that_is_meant(
    manager_client: Client, sold: tuple[Meituan, Product]
) -> None:
    Product.objects.update(valid_from=timezone.localdate() + timedelta(days=3))
    order = sold[0].bought(sold[1])
    assert "valid from" in press(manager_client, order, "use", quantity="1")
    assert "Done" in press(manager_client, order, "use", quantity="1", any_day="on")


def test_what_needs_a_person_is_settled_with_a_note(
    manager_client: Client, sold: tuple[Meituan, Product]
) -> None:
    order = sold[0].bought(sold[1])
    services.order_consume(order_pk=order.pk, actor=None, method=Method.COUNTER)
    sold[0].refunded(order, 1)
    assert "needs a person" in manager_client.get(LIST).content.decode()
    assert "This field is required" in press(manager_client, order, "settle", note="")
    assert "Done" in press(manager_client, order, "settle", note="已与美团客服确认")
    assert listed(manager_client, "order", person="yes") == []
    entry = AuditEntry.objects.get(verb="trip.order.settled")
    assert (entry.target, entry.data["note"]) == (str(order.order_id), "已与美团客服确认")


def test_clerks_have_no_buttons(waiting: Order) -> None:
    clerk = at_work(waiting.store, Role.CLERK)
    text = shown(clerk, waiting)
    assert ("Issue by hand" in text, "Cannot be issued" in text) == (False, False)
    assert clerk.post(page(waiting, "do", "issue"), {"codes": "A\nB"}).status_code == 403
    assert Order.objects.get().status == "issuing"


# Exporting


def exported(client: Client, **query: str) -> list[list[str]]:
    text = client.get(f"{LIST}export.csv", query).getvalue().decode()
    *lines, sums = csv.reader(io.StringIO(text.removeprefix("\ufeff")))
    assert sums[0] == "Total (issued)"
    return lines


def test_the_export_has_what_is_filtered_and_no_personal_data(
    sold: tuple[Meituan, Product],
) -> None:
    meituan, product = selling(visitor_info=VisitorInfo.EACH, credential_types=[0])
    order = meituan.bought(product, 2, visitors=[VISITOR, VISITOR])
    meituan.bought(product, visitors=[VISITOR], pay=False)
    services.order_consume(order_pk=order.pk, quantity=1, actor=None, method=Method.COUNTER)
    header, *lines = exported(at_work(product.store), status__exact="issued")
    assert [dict(zip(header, line, strict=True))["Order number"] for line in lines] == [
        f'="{order.order_id}"'
    ]
    line = dict(zip(header, lines[0], strict=True))
    assert (line["Tickets"], line["Used"], line["Refunded"], line["Total (yuan)"]) == (
        "2",
        "1",
        "0",
        "190.00",
    )
    whole = str(lines) + str(header)
    assert [
        word in whole for word in ("王小明", "13800001234", "110101", order.vouchers.all()[0].code)
    ] == [False] * 4
    entry = AuditEntry.objects.get(verb="trip.orders.exported")
    assert (entry.target, entry.data) == ("csv", {"filters": "status__exact=issued"})


def test_the_sheet_has_the_same_lines(
    manager_client: Client, sold: tuple[Meituan, Product]
) -> None:
    sold[0].bought(sold[1])
    sheet = load_workbook(io.BytesIO(manager_client.get(f"{LIST}export.xlsx").getvalue())).active
    assert sheet
    rows = list(sheet.values)
    assert (list(rows[0]), len(rows), rows[1][7]) == (exported(manager_client)[0], 3, 1)
    assert (rows[1][1], rows[2][7], rows[2][13]) == (str(Order.objects.get().order_id), 1, 95)
    narrowest = min(column.width for column in sheet.column_dimensions.values())
    assert (sheet.freeze_panes, narrowest >= len(str(rows[1][1]))) == ("A2", True)


def test_a_title_is_no_formula(manager_client: Client, sold: tuple[Meituan, Product]) -> None:
    sold[0].bought(sold[1])
    Product.objects.update(title="=1+1")
    assert "'=1+1" in exported(manager_client)[1]


# Notices


def dead(order: Order) -> OutboundCall:
    services.order_consume(order_pk=order.pk, quantity=1, actor=None, method=Method.COUNTER)
    OutboundCall.objects.update(state="dead", last_error="HTTP 502", attempts_made=9)
    return OutboundCall.objects.get()


def send_again(client: Client, call: OutboundCall) -> str:
    url = reverse("admin:stores_outboundcall_do", args=[call.pk, "send_again"])
    answer = client.post(url, follow=True)
    return " ".join(str(message) for message in answer.context["messages"])


def test_a_notice_that_was_given_up_is_sent_again(
    manager_client: Client, sold: tuple[Meituan, Product]
) -> None:
    order = sold[0].bought(sold[1])
    call = dead(order)
    text = shown(manager_client, order)
    assert ("Notices that have not arrived" in text, "HTTP 502" in text) == (True, True)
    assert "sent again at once" in send_again(manager_client, call)
    assert OutboundCall.objects.get().state == "pending"
    assert (
        verb_label(AuditEntry.objects.get(verb="outboundcall resent"))
        == "Outbound call: sent again"
    )
    assert "on its way already" in send_again(manager_client, call)


def test_what_is_owed_for_a_closed_order_is_not_sent_again(waiting: Order) -> None:
    client = at_work(waiting.store)
    services.order_issue(order_pk=waiting.pk, codes=["A", "B"], actor=None, method=Method.ADMIN)
    Meituan(waiting.connection).close(waiting.order_id, 3)
    call = OutboundCall.objects.get()
    assert call.state == "dead"
    page_of_call = client.get(
        reverse("admin:stores_outboundcall_change", args=[call.pk])
    ).content.decode()
    assert "Send again" not in page_of_call
    assert "need not be sent any more" in send_again(client, call)
    assert OutboundCall.objects.get().state == "dead"


def test_messages_are_found_by_the_orders_number(
    manager_client: Client, sold: tuple[Meituan, Product]
) -> None:
    wanted, other = (sold[0].bought(sold[1]) for _ in range(2))
    page = manager_client.get(
        reverse("admin:stores_inboundevent_changelist"), {"q": wanted.order_id}
    ).content.decode()
    assert (str(wanted.order_id) in page, str(other.order_id) in page) == (True, False)


def test_calls_of_tickets_are_read_in_plain_words(
    manager_client: Client, sold: tuple[Meituan, Product]
) -> None:
    call = dead(sold[0].bought(sold[1]))
    text = manager_client.get("/admin/stores/outboundcall/", {"platform": "trip"}).content.decode()
    assert "Tell Meituan: tickets used" in text
    detail = manager_client.get(
        reverse("admin:stores_outboundcall_change", args=[call.pk])
    ).content.decode()
    assert ("Tell Meituan: tickets used" in detail, "Send again" in detail) == (True, True)
