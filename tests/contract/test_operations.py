"""Every kind of owed call keeps the same contract: whatever becomes of a try, call and business row agree."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django.fixtures import Settings

from coupons.client import UmemberClient
from coupons.models import Channel, Lookup, Verification
from coupons.services import lookup_request, verification_request
from stores.models import OutboundCall, Pace
from stores.platforms import outbox
from stores.platforms.errors import (
    AuthExpired,
    LoginRefused,
    NeedsPerson,
    NoSlot,
    NotSent,
    Refused,
    Throttled,
    Undecided,
    Unknown,
)
from stores.platforms.outbox import Operation, Verdict, operations
from stores.platforms.outbox.claims import claim
from tests.canned import Canned
from tests.coupons.factories import Shop, connected_shop
from tests.meituan import selling
from tests.recorded import recorded
from trip import services
from trip.choices import Issuing, Method
from trip.client import NoticeClient
from trip.models import Consumption, Order, Refund, tally
from trip.models import Product as TicketProduct
from trip.services.notices import CHANGED, enqueue_product_notice

State = OutboundCall.State
CODE = "234567890123"


@dataclass(frozen=True)
class Contract:
    """What a kind of call brings so that it can be tested like all others."""

    platform: str
    # The remote call whose recorded answers it understands, and how our client makes it.
    remote_call: str
    answer: Callable[[str], Any]
    # Owes one live call, and reads the state of the row it is owed for.
    enqueue: Callable[[Shop], OutboundCall]
    row: Callable[[OutboundCall], Any]
    # The row's states that are allowed beside each state of the call.
    allowed: dict[str, set[Any]]
    # Whether a person may put it back to work after its answer was lost and it was given up, by `ask_first`.
    retried: dict[bool, bool]


def owed_detail(shop: Shop) -> OutboundCall:
    verification_request(store=shop.store, code=CODE, channel=Channel.API, flow="f")
    return OutboundCall.objects.get()


def owed_lookup(shop: Shop) -> OutboundCall:
    lookup_request(store=shop.store, code=CODE, channel=Channel.GUEST, flow="f")
    return OutboundCall.objects.get()


def owed_verify(shop: Shop) -> OutboundCall:
    lookup = lookup_request(store=shop.store, code=CODE, channel=Channel.GUEST, flow="f")
    OutboundCall.objects.all().delete()
    lookup.status, lookup.is_unused, lookup.read_at = Lookup.Status.DONE, True, timezone.now()
    lookup.save()
    verification_request(store=shop.store, code=CODE, channel=Channel.API, flow="f")
    return OutboundCall.objects.get()


def verification_of(call: OutboundCall) -> tuple[str, bool]:
    row = Verification.objects.get(pk=call.subject_id)
    assert bool(row.code) is (row.status not in Verification.FINAL)
    return row.status, row.needs_person


def lookup_of(call: OutboundCall) -> str:
    row = Lookup.objects.get(pk=call.subject_id)
    assert bool(row.code) is (row.status == Lookup.Status.QUEUED)
    return row.status


def owed_pay_notice(shop: Shop) -> OutboundCall:
    meituan, product = selling(issuing=Issuing.UPSTREAM)
    order = meituan.bought(product)
    services.order_issue(order_pk=order.pk, codes=["UP-1"], actor=None, method=Method.API)
    return OutboundCall.objects.get()


def owed_refund_notice(shop: Shop) -> OutboundCall:
    meituan, product = selling(refund_review=True)
    order = meituan.bought(product)
    meituan.refund(order, 1)
    refund = order.refunds.get()
    services.refund_decide(
        refund_pk=refund.pk, agree=True, reason="", actor=None, method=Method.API
    )
    return OutboundCall.objects.get()


def owed_consume_notice(shop: Shop) -> OutboundCall:
    meituan, product = selling()
    services.order_consume(
        order_pk=meituan.bought(product).pk, quantity=1, actor=None, method=Method.API
    )
    return OutboundCall.objects.get()


def owed_product_notice(shop: Shop) -> OutboundCall:
    enqueue_product_notice(selling()[1], CHANGED)
    return OutboundCall.objects.get()


def notice(
    name: str,
    enqueue: Callable[[Shop], OutboundCall],
    send: Callable[[NoticeClient], str],
    facts: Callable[[int], Any],
) -> Contract:
    """A notice tells what is settled already: whatever becomes of it, the facts stay."""
    known = {"partner_id": "1001", "client_id": "c", "secret": "s", "timeout": (5.0, 5.0)}
    return Contract(
        platform="trip",
        remote_call=name,
        answer=lambda url: send(NoticeClient(url, **known)),  # type: ignore[arg-type]
        enqueue=enqueue,
        row=lambda call: facts(call.subject_id),
        allowed={state: {True} for state in State.values},
        retried={True: True, False: True},
    )


def used(pk: int) -> bool:
    return tally(Consumption.objects.get(pk=pk).order.vouchers.all()).used == 1


CONTRACTS = {
    ("trip", "ticket.issued"): notice(
        "pay_notice",
        owed_pay_notice,
        lambda client: client.pay(issue_type=1, describe="success", body={}),
        lambda pk: Order.objects.get(pk=pk).status == Order.Status.ISSUED,
    ),
    ("trip", "ticket.refund"): notice(
        "refund_notice",
        owed_refund_notice,
        lambda client: client.refund(code=200, describe="退款成功", body={}),
        lambda pk: Refund.objects.get(pk=pk).status == Refund.Status.AGREED,
    ),
    ("trip", "ticket.used"): notice(
        "consume_notice", owed_consume_notice, lambda client: client.consume(body={}), used
    ),
    ("trip", "ticket.product"): notice(
        "product_notice",
        owed_product_notice,
        lambda client: client.product(body=[]),
        lambda pk: TicketProduct.objects.filter(pk=pk).exists(),
    ),
    ("umember", "coupon.detail"): Contract(
        platform="umember",
        remote_call="detail",
        answer=lambda url: UmemberClient(url, timeout=(5, 5)).detail("t", 1, CODE),
        enqueue=owed_detail,
        row=verification_of,
        allowed={
            State.PENDING: {("queued", False)},
            State.SENDING: {("queued", False)},
            # Read as unused, it waits for its verify; else it is refused.
            State.DONE: {("queued", False), ("refused", False)},
            State.REFUSED: {("refused", False)},
            State.DEAD: {("refused", False)},
        },
        retried={True: False, False: False},
    ),
    ("umember", "coupon.lookup"): Contract(
        platform="umember",
        remote_call="detail",
        answer=lambda url: UmemberClient(url, timeout=(5, 5)).detail("t", 1, CODE),
        enqueue=owed_lookup,
        row=lookup_of,
        allowed={
            State.PENDING: {"queued"},
            State.SENDING: {"queued"},
            State.DONE: {"done"},
            State.REFUSED: {"done", "failed"},
            State.DEAD: {"failed"},
        },
        retried={True: False, False: False},
    ),
    ("umember", "coupon.verify"): Contract(
        platform="umember",
        remote_call="verify",
        answer=lambda url: UmemberClient(url, timeout=(5, 5)).verify("t", 1, CODE),
        enqueue=owed_verify,
        row=verification_of,
        allowed={
            State.PENDING: {("queued", False)},
            State.SENDING: {("sending", False)},
            State.UNKNOWN: {("unknown", False)},
            State.DONE: {("verified", False)},
            State.REFUSED: {("refused", False)},
            State.DEAD: {("refused", False), ("unknown", True)},
        },
        # Never sent again unasked.
        retried={True: True, False: False},
    ),
}
KINDS = sorted(operations.by_name)
every_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind[1])


@pytest.fixture(autouse=True)
def _no_pace(settings: Settings) -> None:
    settings.PACE_SECONDS = {}


@pytest.fixture
def shop(db: None, sandbox: Any) -> Shop:

    return connected_shop(sandbox)


def agree(contract: Contract, call: OutboundCall) -> str:
    """The call's state, after making sure that the row it is owed for is in a state that goes with it."""
    call.refresh_from_db()
    assert contract.row(call) in contract.allowed[call.state], call.state
    settled = call.state in (State.DONE, State.REFUSED, State.DEAD)
    assert (call.settled_at is not None) is settled
    assert not (settled and call.claim)
    return call.state


def tried(
    contract: Contract,
    operation: Operation,
    call: OutboundCall,
    monkeypatch: pytest.MonkeyPatch,
    step: Any,
) -> str:
    """One try that ends with `step`: an exception, an answer, or a function that makes one."""

    def play(call: OutboundCall, wait_for_slot: Callable[[], None]) -> Any:
        wait_for_slot()
        result = step() if callable(step) else step
        if isinstance(result, BaseException):
            raise result
        return result

    monkeypatch.setattr(operation, "send", play)
    monkeypatch.setattr(operation, "ask", play)
    before = OutboundCall.objects.get(pk=call.pk).state
    OutboundCall.objects.filter(pk=call.pk).update(due_at=timezone.now())
    Pace.objects.update(next_at=0)
    claimed = claim(call.pk)
    assert claimed is not None
    agree(contract, call)
    outbox.deliver(claimed, None)
    after = agree(contract, call)
    during = State.SENDING if before == State.PENDING else before
    assert after == during or after in OutboundCall.TRANSITIONS[during]
    return after


def given_up(
    kind: tuple[str, str], shop: Shop, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> OutboundCall:
    """A call that is too old fails, and once more when the platform is asked."""
    contract, operation = CONTRACTS[kind], operations[kind]
    call = contract.enqueue(shop)

    def fail_late() -> Exception:
        OutboundCall.objects.filter(pk=call.pk).update(expires_at=timezone.now())
        return error

    if tried(contract, operation, call, monkeypatch, fail_late) == State.UNKNOWN:
        tried(contract, operation, call, monkeypatch, error)
    assert call.state == State.DEAD
    return call


@every_kind
def test_every_kind_of_call_has_a_contract_and_recorded_answers(kind: tuple[str, str]) -> None:
    contract = CONTRACTS[kind]
    names = [answer.name for answer in recorded(contract.platform, contract.remote_call)]
    assert names


@every_kind
def test_a_recorded_answer_ends_the_call(
    kind: tuple[str, str], shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    contract = CONTRACTS[kind]
    good = [
        row
        for row in recorded(contract.platform, contract.remote_call)
        if "error" not in row.expect
    ]
    call = contract.enqueue(shop)
    with Canned(good[0].bytes) as server:
        answer = contract.answer(server.url)
    assert tried(contract, operations[kind], call, monkeypatch, answer) == State.DONE


@every_kind
@pytest.mark.parametrize(
    ("outcome", "state_of_a_read", "state_of_a_change"),
    [
        (Refused("10010", "券码不存在"), State.REFUSED, State.REFUSED),
        (NotSent("down"), State.PENDING, State.PENDING),
        (NoSlot("late"), State.PENDING, State.PENDING),
        (Throttled("429"), State.PENDING, State.PENDING),
        (AuthExpired("old"), State.PENDING, State.PENDING),
        (LoginRefused("wrong"), State.PENDING, State.PENDING),
        (Unknown("reset"), State.PENDING, State.UNKNOWN),
        (Undecided("shrug"), State.PENDING, State.UNKNOWN),
        (NeedsPerson("locked"), State.PENDING, State.DEAD),
        (ZeroDivisionError(), State.PENDING, State.UNKNOWN),
    ],
    ids=lambda value: type(value).__name__,
)
def test_every_outcome_of_a_try_leaves_call_and_row_in_agreement(
    kind: tuple[str, str],
    outcome: Exception,
    state_of_a_read: str,
    state_of_a_change: str,
    shop: Shop,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    contract, operation = CONTRACTS[kind], operations[kind]
    call = contract.enqueue(shop)
    wanted = state_of_a_read if operation.repeatable else state_of_a_change
    assert tried(contract, operation, call, monkeypatch, outcome) == wanted


@every_kind
@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        (Verdict(True), State.DONE),
        (Verdict(False), State.PENDING),
        (Refused("detail", "已过期"), State.REFUSED),
        (Undecided("shrug"), State.UNKNOWN),
        (NeedsPerson("locked"), State.DEAD),
        (NotSent("down"), State.UNKNOWN),
        (ZeroDivisionError(), State.UNKNOWN),
    ],
    ids=lambda value: type(value).__name__,
)
def test_every_outcome_of_a_question_leaves_call_and_row_in_agreement(
    kind: tuple[str, str], outcome: Any, state: str, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    contract, operation = CONTRACTS[kind], operations[kind]
    if operation.repeatable:
        return
    call = contract.enqueue(shop)
    assert tried(contract, operation, call, monkeypatch, Unknown("reset")) == State.UNKNOWN
    assert tried(contract, operation, call, monkeypatch, outcome) == state


@every_kind
def test_a_dead_process_leaves_call_and_row_in_agreement(kind: tuple[str, str], shop: Shop) -> None:
    contract = CONTRACTS[kind]
    call = contract.enqueue(shop)
    assert claim(call.pk) is not None
    OutboundCall.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    outbox.sweep()
    wanted = State.PENDING if operations[kind].repeatable else State.UNKNOWN
    assert agree(contract, call) == wanted


@every_kind
def test_a_call_that_nobody_could_send_in_time_is_given_up(
    kind: tuple[str, str], shop: Shop
) -> None:
    contract = CONTRACTS[kind]
    call = contract.enqueue(shop)
    OutboundCall.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    outbox.sweep()
    assert agree(contract, call) == State.DEAD


@every_kind
@pytest.mark.parametrize(
    "error", [NotSent("down"), Unknown("reset")], ids=lambda value: type(value).__name__
)
def test_a_call_that_fails_until_it_is_too_old_ends_dead(
    kind: tuple[str, str], error: Exception, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    given_up(kind, shop, monkeypatch, error)


@every_kind
@pytest.mark.parametrize(
    "hook", ["on_sending", "on_done", "on_refused", "on_unknown", "on_requeued"]
)
def test_a_hook_that_fails_in_our_own_code_leaves_a_dead_call_for_a_person(
    kind: tuple[str, str], hook: str, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    contract, operation = CONTRACTS[kind], operations[kind]
    call = contract.enqueue(shop)

    def broken(*args: Any, **kwargs: Any) -> None:
        raise ValueError(hook)

    monkeypatch.setattr(operation, hook, broken)
    if hook == "on_sending":
        assert claim(call.pk) is None
    elif hook == "on_unknown" and operation.repeatable:
        return
    else:
        steps = {
            "on_done": None,
            "on_refused": Refused("1", "no"),
            "on_unknown": Unknown(),
            "on_requeued": NotSent(),
        }
        tried(contract, operation, call, monkeypatch, steps[hook])
    assert agree(contract, call) == State.DEAD


@every_kind
@pytest.mark.parametrize("ask_first", [True, False])
def test_a_dead_call_is_retried_only_as_its_row_allows(
    kind: tuple[str, str], ask_first: bool, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    call, wanted = (
        given_up(kind, shop, monkeypatch, Unknown("reset")),
        CONTRACTS[kind].retried[ask_first],
    )
    assert outbox.retry_dead(call, ask_first=ask_first) is wanted
    call.refresh_from_db()
    assert call.state == (
        State.DEAD if not wanted else State.UNKNOWN if ask_first else State.PENDING
    )
