"""Tickets at the counter: what opens the door, what does not, and that nothing is used twice."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from coupons.models import Verification
from stores.models import OutboundCall
from stores.roles import Role
from tests.meituan import VISITOR, Meituan, selling
from tests.pages import key_of, state_of
from tests.stores.factories import ConnectionFactory, StoreFactory, member
from tests.trip.factories import TicketProductFactory
from trip import services
from trip.choices import Issuing, Method, VisitorInfo, VoucherType
from trip.codes import new_code
from trip.counter.standing import free
from trip.models import Consumption, Order, Product, Voucher
from trip.services.pictures import picture_url

pytestmark = pytest.mark.django_db
COUNTER = "/counter/"
HTMX = {"HX-Request": "true"}


def clerk_at_counter(product: Product, **fields: Any) -> tuple[Client, User]:
    """Returns a clerk of the product's store at the counter, who reads English."""
    user = member(product.store.merchant, Role.CLERK, product.store, **fields)
    client = Client()
    client.force_login(user)
    client.cookies["django_language"] = "en"
    return client, user


def scan(client: Client, text: str, status: int = 200, **fields: object) -> str:
    answer = client.post(COUNTER, {"text": text} | fields, headers=HTMX)
    assert answer.status_code == status, answer.content
    return answer.content.decode()


def take(client: Client, card: str, amount: object, **fields: object) -> str:
    """Presses a button of the card that asks how many."""
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', card))
    answer = client.post(COUNTER, hidden | {"amount": amount} | fields, headers=HTMX)
    assert answer.status_code == 200, answer.content
    return answer.content.decode()


def buttons(card: str) -> list[str]:
    return re.findall(r'<button name="amount" value="(\d+)"', card)


def code_of(order: Order) -> str:
    return order.vouchers.order_by("id")[0].code


def group(quantity: int = 5, **fields: Any) -> tuple[Meituan, Order, Client]:
    """Returns an order with one code for all tickets."""
    meituan, product = selling(voucher_type=VoucherType.PER_ORDER, **fields)
    return meituan, meituan.bought(product, quantity), clerk_at_counter(product)[0]


def test_a_ticket_is_used_at_once_and_meituan_is_told(sold: tuple[Meituan, Product]) -> None:
    meituan, product = sold
    order = meituan.bought(product)
    client, clerk = clerk_at_counter(product)
    card = scan(client, code_of(order))
    assert f"Let in by: {clerk.username}" in card
    use = Consumption.objects.get()
    assert (state_of(card), key_of(card)) == ("ok", f"c{use.pk}")
    assert (use.quantity, use.method, use.by) == (1, Method.COUNTER, clerk.username)
    assert "1 ticket used" in card
    assert product.title in card
    assert list(OutboundCall.objects.values_list("operation", flat=True)) == ["ticket.used"]
    assert Verification.objects.count() == 0


@pytest.mark.parametrize(
    "form", ["{code}", " {lower} ", "{code:.4} {rest}", "【美团】券码：{code}，电话13800138000"]
)
def test_a_code_is_found_however_it_is_brought(sold: tuple[Meituan, Product], form: str) -> None:
    meituan, product = sold
    code = code_of(meituan.bought(product))
    card = scan(
        clerk_at_counter(product)[0], form.format(code=code, lower=code.lower(), rest=code[4:])
    )
    assert state_of(card) == "ok"


def test_our_picture_and_its_address_lead_to_the_ticket(sold: tuple[Meituan, Product]) -> None:
    meituan, product = sold
    voucher = meituan.bought(product).vouchers.get()
    assert state_of(scan(clerk_at_counter(product)[0], picture_url(voucher))) == "ok"


def test_the_merchants_own_codes_are_tickets_too() -> None:
    meituan, product = selling(issuing=Issuing.UPSTREAM)
    for code in ("7000-1234-56", "ab/9"):
        order = meituan.bought(product)
        services.order_issue(order_pk=order.pk, codes=[code], actor=None, method=Method.ADMIN)
    client, _clerk = clerk_at_counter(product)
    assert [state_of(scan(client, code)) for code in ("7000-1234-56", "ab/9")] == ["ok", "ok"]


def test_a_used_ticket_is_refused_with_who_and_when(sold: tuple[Meituan, Product]) -> None:
    meituan, product = sold
    order = meituan.bought(product)
    client, _clerk = clerk_at_counter(product, username="xiaowang")
    scan(client, code_of(order))
    when = timezone.localtime(Consumption.objects.get().at)
    card = scan(clerk_at_counter(product)[0], code_of(order))
    assert state_of(card) == "refused"
    assert f"Used by xiaowang on {when:%Y-%m-%d %H:%M}" in card
    assert Consumption.objects.count() == 1


def test_the_same_request_key_uses_a_ticket_once_and_shows_it_as_used_by_it(
    sold: tuple[Meituan, Product],
) -> None:
    meituan, product = sold
    order = meituan.bought(product)
    client, _clerk = clerk_at_counter(product)
    cards = [scan(client, code_of(order), request_key="a" * 32) for _ in range(2)]
    assert [state_of(card) for card in cards] == ["ok", "ok"]
    assert len({key_of(card) for card in cards}) == Consumption.objects.count() == 1


def test_an_old_key_with_another_ticket_is_another_use(sold: tuple[Meituan, Product]) -> None:
    meituan, product = sold
    one, two = (meituan.bought(product).vouchers.get() for _ in range(2))
    client, _clerk = clerk_at_counter(product)
    for voucher in (one, two):
        assert state_of(scan(client, voucher.code, request_key="a" * 32)) == "ok"
    assert [voucher.used for voucher in Voucher.objects.all()] == [1, 1]


def test_a_code_for_several_asks_how_many_and_takes_a_part() -> None:
    _meituan, order, client = group(5)
    question = scan(client, code_of(order))
    assert (state_of(question), buttons(question)) == ("ask", ["1", "2", "3", "4", "5"])
    assert code_of(order) not in question
    assert Consumption.objects.count() == 0
    card = take(client, question, 2)
    assert state_of(card) == "ok"
    assert "2 tickets used" in card
    assert "3 tickets are still unused" in card
    assert buttons(scan(client, code_of(order))) == ["1", "2", "3"]


def test_the_last_one_of_several_is_used_without_asking() -> None:
    _meituan, order, client = group(2)
    take(client, scan(client, code_of(order)), 1)
    assert state_of(scan(client, code_of(order))) == "ok"
    assert order.vouchers.get().unused == 0


def test_pressing_twice_uses_once() -> None:
    _meituan, order, client = group(5)
    question = scan(client, code_of(order))
    first, again, changed = (
        take(client, question, 2),
        take(client, question, 2),
        take(client, question, 3),
    )
    assert key_of(first) == key_of(again) == key_of(changed)
    assert "2 tickets used" in changed
    assert order.vouchers.get().used == 2


def test_more_than_ten_have_a_field_for_the_number() -> None:
    _meituan, order, client = group(40)
    question = scan(client, code_of(order))
    assert buttons(question) == [str(number) for number in range(1, 11)]
    assert '<input type="number" name="amount" min="1" max="40"' in question
    assert "40 tickets used" in take(client, question, 40)


@pytest.mark.parametrize(
    "amount", ["0", "-1", "x", "", "1.5", "٣", "9" * 400, "\x00", "6", "999999999"]
)
def test_a_number_that_cannot_be_uses_nothing(amount: str) -> None:
    _meituan, order, client = group(5)
    card = take(client, scan(client, code_of(order)), amount)
    assert state_of(card) in ("ask", "refused")
    assert order.vouchers.get().used == 0


@pytest.mark.parametrize(
    "fields",
    [{"key": "v0"}, {"key": "c1"}, {"key": "v" + "9" * 30}, {"kind": "nothing"}, {"kind": ""}],
)
def test_an_answer_to_no_question_is_not_found(fields: dict[str, str]) -> None:
    _meituan, order, client = group(5)
    asked = {"kind": "voucher", "key": f"v{order.vouchers.get().pk}", "amount": "1"}
    assert client.post(COUNTER, asked | fields, headers=HTMX).status_code == 404
    assert client.post(COUNTER, asked | {"kind": "coupon"}, headers=HTMX).status_code == 404


def test_another_merchant_cannot_answer_the_question(sold: tuple[Meituan, Product]) -> None:
    _meituan, order, _client = group(5)
    stranger, _user = clerk_at_counter(sold[1])
    asked = {"kind": "voucher", "key": f"v{order.vouchers.get().pk}", "amount": "1"}
    assert stranger.post(COUNTER, asked, headers=HTMX).status_code == 404
    assert stranger.get(f"/counter/result/voucher/v{order.vouchers.get().pk}/").status_code == 404
    assert order.vouchers.get().used == 0


def test_without_javascript_the_question_and_the_result_are_pages() -> None:
    _meituan, order, client = group(3)
    asked = client.post(COUNTER, {"text": code_of(order)}, follow=True)
    assert asked.redirect_chain == [(f"/counter/?scan=voucher.v{order.vouchers.get().pk}", 302)]
    page = asked.content.decode()
    assert buttons(page) == ["1", "2", "3"]
    form = {
        "kind": "voucher",
        "key": f"v{order.vouchers.get().pk}",
        "amount": "3",
        "request_key": "b" * 32,
    }
    done = client.post(COUNTER, form, follow=True).content.decode()
    assert 'class="scan ok fresh"' in done
    assert done.count("data-scan=") == 1


def test_an_order_without_codes_is_opened_by_its_number_with_the_visitors_masked() -> None:
    meituan, product = selling(voucher_type=VoucherType.NONE, visitor_info=VisitorInfo.ONE)
    order = meituan.bought(product, 3, visitors=[VISITOR])
    client, _clerk = clerk_at_counter(product)
    question = scan(client, f"订单号 {order.order_id}")
    assert (state_of(question), buttons(question)) == ("ask", ["1", "2", "3"])
    assert "王** 138****1234" in question
    assert "2 tickets used" in take(client, question, 2)


def test_the_number_of_an_order_with_codes_opens_nothing(sold: tuple[Meituan, Product]) -> None:
    meituan, product = sold
    order = meituan.bought(product)
    card = scan(clerk_at_counter(product)[0], str(order.order_id))
    assert state_of(card) == "refused"
    assert "have codes" in card
    assert Consumption.objects.count() == 0
    assert Verification.objects.count() == 0


@pytest.mark.parametrize("voucher_type", [VoucherType.NONE, VoucherType.PER_TICKET])
def test_an_order_that_is_not_issued_says_so(voucher_type: VoucherType) -> None:
    meituan, product = selling(issuing=Issuing.UPSTREAM, voucher_type=voucher_type)
    client, _clerk = clerk_at_counter(product)
    unpaid, issuing = meituan.bought(product, pay=False), meituan.bought(product)
    assert "Ask the guest to pay" in scan(client, str(unpaid.order_id))
    assert "Enter the codes" in scan(client, str(issuing.order_id))


def test_a_ticket_for_another_day_is_refused_with_its_day() -> None:
    day = timezone.localdate() + timedelta(days=2)
    meituan, product = selling(by_calendar=True, offer__date=day)
    client, _clerk = clerk_at_counter(product)
    one = meituan.bought(product, 2)
    card = scan(client, code_of(one))
    assert state_of(card) == "refused"
    assert f"valid from {day}" in card.replace("\xa0", " ")
    assert Consumption.objects.count() == 0


def test_a_group_for_another_day_is_refused_without_asking() -> None:
    day = timezone.localdate() + timedelta(days=2)
    _meituan, order, client = group(3, by_calendar=True, offer__date=day)
    assert state_of(scan(client, code_of(order))) == "refused"


def test_a_ticket_under_refund_review_opens_nothing() -> None:
    meituan, product = selling(refund_review=True)
    order = meituan.bought(product)
    meituan.refund(order, 1, [code_of(order)])
    card = scan(clerk_at_counter(product)[0], code_of(order))
    assert state_of(card) == "refused"
    assert "Decide the refund" in card


def test_a_review_that_ends_meanwhile_does_not_use_the_whole_group(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    meituan, order, client = group(5, refund_review=True)
    meituan.refund(order, 5)

    def before_the_refusal(voucher: Voucher) -> int:
        count = free(voucher)
        for refund in order.refunds.filter(status="review"):
            services.refund_decide(
                refund_pk=refund.pk, agree=False, reason="已制作", actor=None, method=Method.ADMIN
            )
        return count

    monkeypatch.setattr("trip.counter.kind.free", before_the_refusal)
    scan(client, code_of(order))
    assert order.vouchers.get().used == 1


def test_of_a_group_the_part_under_review_is_left_out() -> None:
    meituan, order, client = group(3, refund_review=True)
    meituan.refund(order, 1)
    assert buttons(scan(client, code_of(order))) == ["1", "2"]
    meituan.refund(order, 1)
    assert state_of(scan(client, code_of(order))) == "ok"
    assert order.vouchers.get().used == 1


def test_a_refunded_and_a_voided_ticket_open_nothing(sold: tuple[Meituan, Product]) -> None:
    meituan, product = sold
    refunded, closed = meituan.bought(product), meituan.bought(product)
    meituan.refund(refunded, 1, [code_of(refunded)])
    meituan.close(closed.order_id, 3)
    client, _clerk = clerk_at_counter(product)
    for order in (refunded, closed):
        card = scan(client, code_of(order))
        assert state_of(card) == "refused"
        assert "money back" in card
    assert Consumption.objects.count() == 0


def test_a_mistyped_code_is_told_from_a_coupon_and_from_another_stores_ticket(
    sold: tuple[Meituan, Product],
) -> None:
    card = scan(clerk_at_counter(sold[1])[0], new_code(), status=422)
    assert state_of(card) == "refused"
    assert "This ticket was not found" in card
    assert "for the store" not in card
    assert Verification.objects.count() == 0


def test_a_ticket_of_another_store_names_it_to_who_may_know(sold: tuple[Meituan, Product]) -> None:
    meituan, product = sold
    second = StoreFactory(merchant=product.store.merchant, name="二号店")
    order = meituan.bought(TicketProductFactory(connection=product.connection, store=second))
    owner = member(product.store.merchant, Role.OWNER)
    client, clerk = clerk_at_counter(product)
    card = scan(client, code_of(order), status=422)
    assert "Not a ticket of this store" in card
    assert "二号店" not in card
    clerk.memberships.get().stores.add(second)
    assert "二号店" in scan(client, code_of(order), status=422, store=product.store_id)
    client.force_login(owner)
    assert "二号店" in scan(client, code_of(order), status=422, store=product.store_id)
    assert Consumption.objects.count() == 0


def test_another_merchants_ticket_is_no_ticket_here(sold: tuple[Meituan, Product]) -> None:
    _meituan, order, _client = group(1)
    client, _clerk = clerk_at_counter(sold[1])
    for text in (code_of(order), picture_url(order.vouchers.get())):
        assert "This ticket was not found" in scan(client, text, status=422)
    assert order.vouchers.get().used == 0


def test_the_last_uses_of_the_store_are_listed_newest_first_at_a_constant_cost(
    sold: tuple[Meituan, Product], django_assert_max_num_queries: Any
) -> None:
    meituan, product = sold
    client, _clerk = clerk_at_counter(product)
    for _ in range(11):
        scan(client, code_of(meituan.bought(product)))
    with django_assert_max_num_queries(15):
        page = client.get(COUNTER).content.decode()
    expected = [
        f"c{pk}" for pk in Consumption.objects.order_by("-pk").values_list("pk", flat=True)[:10]
    ]
    assert re.findall(r'data-scan="voucher\.(\w+)"', page) == expected
    assert "data-scan=" not in clerk_at_counter(selling()[1])[0].get(COUNTER).content.decode()


def test_what_a_drill_used_is_not_listed(sold: tuple[Meituan, Product]) -> None:
    meituan, product = sold
    client = clerk_at_counter(product)[0]
    order = meituan.bought(product)
    scan(client, code_of(order))
    assert "data-scan=" in client.get(COUNTER).content.decode()
    Order.objects.update(is_drill=True)
    assert "data-scan=" not in client.get(COUNTER).content.decode()


@pytest.mark.parametrize("key", ["0", "x", "v", "c0", "v0", "o0", "v-1", "c" + "9" * 30, "v٣"])
def test_an_unknown_result_is_not_found(sold: tuple[Meituan, Product], key: str) -> None:
    client, _clerk = clerk_at_counter(sold[1])
    assert client.get(f"/counter/result/voucher/{key}/").status_code == 404
    assert client.get(f"/counter/?scan=voucher.{key}").status_code == 200


def test_a_merchant_that_sells_only_tickets_is_not_told_to_connect_to_the_gateway(
    sold: tuple[Meituan, Product],
) -> None:
    assert 'class="trouble"' not in clerk_at_counter(sold[1])[0].get(COUNTER).content.decode()
    ConnectionFactory(merchant=sold[1].store.merchant)
    assert 'class="trouble"' in clerk_at_counter(sold[1])[0].get(COUNTER).content.decode()
