"""What the page of a takeaway refund says, and how an order shows what was refunded."""

import json
import re
from datetime import timedelta

import pytest
from django.utils import timezone

from messaging.choices import OrderState, Provider, RefundState
from messaging.models import Refund, TakeawayStore
from messaging.services import acting
from messaging.services.changes import digest_of
from stores.models import OutboundCall
from stores.platforms.errors import Refused
from stores.platforms.outbox import enqueue
from stores.roles import Role
from tests.back_office import at_work, press, shown
from tests.messaging.factories import OrderFactory, RefundFactory
from tests.messaging.pushing import Pusher
from tests.messaging.samples import ORDER_ID

pytestmark = pytest.mark.django_db


def money_of(html: str) -> str:
    """The part of an order's page that is its sums."""
    found = re.search(r">Money</h2>(.*?)</section>", html, re.DOTALL)
    assert found
    return found[1]


def test_a_refund_of_a_whole_order_shows_what_was_paid_for_what(binding: TakeawayStore) -> None:
    order = OrderFactory(binding=binding, state=OrderState.CONFIRMED, paid=2345)
    refund = RefundFactory(order=order)
    manager = at_work(binding.store)
    for html in (
        shown(manager, refund),
        manager.get("/admin/messaging/refund/").content.decode(),
        manager.get(f"/admin/messaging/refund/{refund.pk}/do/agree/").content.decode(),
    ):
        assert "¥23.45" in html
    assert "云吞面 ×1" in shown(manager, refund)


def test_who_decides_sees_which_dishes_and_the_customers_pictures(
    pusher: Pusher, binding: TakeawayStore
) -> None:
    pusher.order()
    food = json.dumps([{"food_name": "酸梅汤", "count": 2}, {"food_name": "<b>面</b>", "count": 1}])
    asked = {"orderId": ORDER_ID, "notifyType": "part", "money": 13.5, "food": food}
    pusher.push("part-refund", asked | {"pictures": 'https://p/1.jpg?a="b",https://p/2.jpg'})
    refund = Refund.objects.get()
    manager = at_work(binding.store)
    refuse = f"/admin/messaging/refund/{refund.pk}/do/refuse/"
    for html in (shown(manager, refund), manager.get(refuse).content.decode()):
        assert "酸梅汤 ×2" in html
        assert "&lt;b&gt;面&lt;/b&gt; ×1" in html
        assert 'href="https://p/1.jpg?a=&quot;b&quot;" target="_blank" rel="noopener' in html
        assert "picture 2</a>" in html
        assert "<img" not in html.partition("酸梅汤")[2].partition("picture 2")[0]
    pusher.push("part-refund", {"orderId": ORDER_ID, "notifyType": "agree", "money": 13.5})
    refund.refresh_from_db()
    assert [dish["name"] for dish in refund.part_dishes] == ["酸梅汤", "<b>面</b>"]


def test_the_time_that_is_left_to_decide_is_said(binding: TakeawayStore) -> None:
    until = timezone.now() + timedelta(minutes=90)
    refund = RefundFactory(order=OrderFactory(binding=binding), decide_until=until)
    manager = at_work(binding.store)
    for html in (shown(manager, refund), manager.get("/admin/messaging/refund/").content.decode()):
        assert "1 h 29 min left" in html
    refund.state, refund.decide_until = RefundState.AGREED, None
    refund.save()
    assert "time left" not in shown(manager, refund).lower()


def test_a_refund_without_pictures_has_no_row_for_them(binding: TakeawayStore) -> None:
    html = shown(at_work(binding.store), RefundFactory(order=OrderFactory(binding=binding)))
    assert "customer's pictures" not in html.replace("&#x27;", "'").lower()
    assert "dishes to be refunded" not in html.lower()


def test_where_meituan_said_no_sum_none_is_shown(binding: TakeawayStore) -> None:
    order = OrderFactory(binding=binding, paid=None)
    refund, part = RefundFactory(order=order), RefundFactory(order=order, is_part=True)
    assert (refund.amount, part.amount) == (None, None)
    assert "¥" not in shown(at_work(binding.store), refund)


def test_a_clerk_reads_who_decides(binding: TakeawayStore) -> None:
    refund = RefundFactory(order=OrderFactory(binding=binding))
    words = "A manager decides refunds."
    assert words in shown(at_work(binding.store, Role.CLERK), refund)
    assert words not in shown(at_work(binding.store), refund)
    refund.state = RefundState.AGREED
    refund.save()
    assert words not in shown(at_work(binding.store, Role.CLERK), refund)


@pytest.mark.parametrize(("button", "answers"), [("agree", {}), ("refuse", {"reason": "已补送"})])
def test_while_a_decision_is_being_sent_the_page_says_so(
    binding: TakeawayStore, button: str, answers: dict[str, str]
) -> None:
    order = OrderFactory(binding=binding)
    refund, other = RefundFactory(order=order), RefundFactory(order=order)
    manager = at_work(binding.store)
    words = "Your decision is being sent to Meituan."
    assert press(manager, refund, button, **answers) == words
    html = shown(manager, refund)
    assert words in html
    assert "/do/" not in html
    assert "/do/agree/" in shown(manager, other)
    # Meituan refused it, and the refund still waits.
    OutboundCall.objects.update(state=OutboundCall.State.REFUSED, last_error="808: 操作失败")
    html = shown(manager, refund)
    assert words not in html
    assert "Your last decision did not get through. Decide again. 808: 操作失败" in html
    assert "/do/agree/" in html
    assert "did not get through" not in shown(manager, other)


def test_pages_that_show_what_is_being_sent_are_renewed(binding: TakeawayStore) -> None:
    """With the pulse of the order desk, until nothing is under way."""
    order = OrderFactory(binding=binding)
    refund, manager = RefundFactory(order=order), at_work(binding.store)
    renewed = re.compile('data-sending="([0-9,]+)" data-pulse="/takeaway/pulse/"')
    assert not renewed.search(shown(manager, refund) + shown(manager, order))
    press(manager, refund, "agree")
    call = OutboundCall.objects.get()
    for row in (refund, order):
        found = renewed.search(shown(manager, row))
        assert found
        assert found[1] == str(call.pk)
    OutboundCall.objects.update(state=OutboundCall.State.DONE)
    assert not renewed.search(shown(manager, refund) + shown(manager, order))


@pytest.mark.parametrize("action", [acting.RefundDeciding, acting.PartRefunding])
def test_open_pages_learn_of_what_did_not_get_through(
    binding: TakeawayStore, action: type[acting.Action]
) -> None:
    order = OrderFactory(binding=binding)
    seen = [digest_of([order.store_id])]
    call = enqueue(action, connection=order.connection, key="1", subject_id=order.pk)
    action().on_refused(call, Refused("808", "操作失败"))
    seen.append(digest_of([order.store_id]))
    action().on_dead(call, maybe_executed=False)
    seen.append(digest_of([order.store_id]))
    assert len({each.partition("-")[2] for each in seen}) == 3


@pytest.mark.parametrize(
    ("refunds", "line"),
    [
        ([], ""),
        ([{"is_part": True, "money": 1250}], "−¥12.50"),
        ([{"is_part": True, "money": 1250}, {"is_part": True, "money": 101}], "−¥13.51"),
        ([{"is_part": True, "money": 1250}, {}], "−¥25.00"),
        ([{"is_part": True, "money": 1250, "state": RefundState.REJECTED}], ""),
    ],
)
def test_what_was_refunded_stands_under_the_sums(
    binding: TakeawayStore, refunds: list[dict[str, object]], line: str
) -> None:
    order = OrderFactory(binding=binding, paid=2500)
    for fields in refunds:
        RefundFactory(order=order, **{"state": RefundState.AGREED, **fields})
    sums = money_of(shown(at_work(binding.store), order))
    assert ("Refunded" in sums) is bool(line)
    assert line in sums


def test_what_is_only_read_says_where_it_is_handled(binding: TakeawayStore) -> None:
    order = OrderFactory(binding=binding)
    refund = RefundFactory(order=order)
    words = "accept them and decide their refunds in Meituan&#x27;s own app."
    clerk = at_work(binding.store, Role.CLERK)
    for row in (order, refund):
        assert words not in shown(clerk, row)
    TakeawayStore.objects.update(provider=Provider.READING)
    for row in (order, refund):
        assert words in shown(clerk, row)
