"""What the buttons of the dispatch board do. Each says in words what was done, or asks first."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from delivery.choices import WaybillState
from delivery.models import Attempt, Delivery
from delivery.pages.board_actions import (
    GONE_MAY_BE_SAID,
    Action,
    call_title,
    free_until_of,
    price_of,
)
from delivery.pages.board_rows import GONE_WITH_THE_GOODS, with_details
from delivery.pages.board_words import courier_name, fee_text
from delivery.services import arriving, cancelling, cases, dispatching, quoting, saying, settling
from delivery.services.choosing import Rule
from delivery.services.dispatching import OURSELVES
from delivery.services.offering import Offered, offers_of, plan_as_shown
from delivery.services.places import distance_text
from delivery.services.refusals import DeliveryConflict, FeeTooHigh
from delivery.wire.couriers import courier_of
from stores.backoffice.needs_person import REASON
from stores.backoffice.pages import staff_user
from stores.conflicts import Conflict
from stores.money import yuan_text
from stores.platforms.reading import MAX_INT64
from stores.text import is_id, narrow, one_line

Then = Delivery.Then
State = Attempt.State
# Agreed to although the courier does not say what it costs.
WHATEVER = "whatever"
MOST = Decimal("999999.99")


@dataclass(frozen=True)
class Done:
    """What is said once it is done."""

    words: str


@dataclass(frozen=True)
class Asked:
    """What a person decides first: a template and its context."""

    template: str
    context: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class PriceRow:
    """One courier in the list of prices."""

    offered: Offered
    is_best: bool
    action: Action

    @property
    def price(self) -> str:
        return price_of(self.offered)

    @property
    def distance(self) -> str:
        metres = self.offered.quote.distance
        return distance_text(metres) if metres else ""

    @property
    def why(self) -> str:
        """Returns why the rule picks this one, or does not."""
        candidate = self.offered.candidate
        if candidate.offer.refusal:
            return candidate.offer.refusal
        words = candidate.why_not or candidate.note
        return str(words.label) if words else ""


def call(request: HttpRequest, delivery: Delivery) -> Done:
    user = staff_user(request)
    plan = plan_as_shown(
        delivery=delivery,
        quote_id=number_of(request, "quote"),
        by_rule=request.POST.get("rule") == "1",
        actor=user,
    )
    dispatching.rider_call(plan, actor=user)
    name = plan.courier.account.courier if plan.courier else ""
    return Done(_("%(courier)s is being called.") % {"courier": name})


def ourselves(request: HttpRequest, delivery: Delivery) -> Done:
    dispatching.delivery_dispatch(delivery=delivery, courier=OURSELVES, actor=staff_user(request))
    return Done(_("You bring it yourselves."))


def call_again(request: HttpRequest, delivery: Delivery) -> Done:
    attempt = _attempt(request, delivery)
    dispatching.delivery_call_again(attempt=attempt, actor=staff_user(request))
    return Done(_("%(courier)s is being called.") % {"courier": courier_name(attempt)})


def prices(request: HttpRequest, delivery: Delivery) -> Asked:
    """Shows the prices of all couriers; asks for them where none count, or `anew` says so."""
    if delivery.state not in (Delivery.State.WAITING, Delivery.State.RETURNED):
        live = delivery.attempts.live().exists()
        over, called = _("This delivery is over."), _("A rider is called already.")
        raise DeliveryConflict(called if live else over)
    trouble = ""
    if request.POST.get("anew") == "1" or not quoting.usable_quotes(delivery):
        try:
            quoting.quotes_ask(delivery=delivery)
        except Conflict as conflict:
            # Their own people still can.
            trouble = str(conflict.reason)
    row = next(iter(with_details([delivery.pk])))
    offers = offers_of([row]).get(row.pk, [])
    rule = Rule.from_json(row.store.delivery_store.rule)
    ends = [each.quote.expires_at for each in offers if each.quote.expires_at]
    return Asked(
        "delivery/_board_prices.html",
        {
            "rows": list(_price_rows(offers)),
            "again": _again(row),
            "ourselves": Action("ourselves", _("We bring it ourselves")),
            "anew": Action("prices", _("Ask again"), {"anew": "1"}),
            "rule": rule.prefer.label,
            "expires_at": min(ends) if ends else None,
            "trouble": trouble,
        },
    )


def cancel(request: HttpRequest, delivery: Delivery) -> Done | Asked:
    """Cancels the rider whom the dialog was about, and with `then` "cancel" the delivery, for at
    most the `fee` that was shown. Without one, or about another rider, it asks what it costs now.
    """
    live = cancelling.rider_of(delivery)
    given = request.POST.get("fee", "")
    is_other = live is not None and live.pk != number_of(request, "attempt")
    if given == "" or is_other:
        if live is None and delivery.state != Delivery.State.WAITING:
            raise DeliveryConflict(_("This delivery is over."))
        fee = cancelling.cancel_fee(live) if live else Decimal(0)
        words = _("Meanwhile another rider was called. Nothing was cancelled.") if given else ""
        return _cancel_asked(delivery, live, fee, words)
    then = Then.CANCEL if request.POST.get("then") == Then.CANCEL else Then.NOTHING
    if live is None and then == Then.NOTHING:
        raise DeliveryConflict(_("No rider of a courier is called."))
    most = None if given == WHATEVER else _yuan(given)
    try:
        cancelling.rider_cancel(
            delivery=delivery, attempt=live, actor=staff_user(request), max_fee=most, then=then
        )
    except FeeTooHigh as error:
        words = _("It costs more than was shown. Nothing was cancelled.")
        return _cancel_asked(delivery, live, error.fee, words)
    return Done(_("The delivery is cancelled.") if live is None else _("It is being cancelled."))


def tip(request: HttpRequest, delivery: Delivery) -> Done:
    total = _yuan(request.POST.get("total", ""))
    dispatching.delivery_tip(delivery=delivery, total=total, actor=staff_user(request))
    return Done(_("The tip is being raised to %(total)s.") % {"total": yuan_text(total)})


def ready(request: HttpRequest, delivery: Delivery) -> Done:
    saying.delivery_ready(delivery=delivery, actor=staff_user(request))
    return Done(_("The goods are ready."))


def wait(request: HttpRequest, delivery: Delivery) -> Done:
    is_waiting = request.POST.get("at_time") == "1"
    arriving.delivery_wait(delivery=delivery, is_waiting=is_waiting, actor=staff_user(request))
    return Done(_("It is called when it is time.") if is_waiting else _("You call it yourselves."))


def returned(request: HttpRequest, delivery: Delivery) -> Done | Asked:
    """Asks once more: the rider's way ends with it, and the courier is told."""
    if request.POST.get("sure") != "1":
        saying.check_comes_back(delivery)
        return _sure(
            "returned",
            _("%(delivery)s: are the goods back at the shop?") % {"delivery": delivery},
            _("The courier is told so; the delivery is over, and cannot be put back."),
            _("Yes, the goods are back"),
        )
    saying.delivery_return_confirm(delivery=delivery, actor=staff_user(request))
    return Done(_("The return is being confirmed."))


def gone(request: HttpRequest, delivery: Delivery) -> Done | Asked:
    """Asks once more: after this another rider can be called."""
    attempt = _attempt(request, delivery)
    if request.POST.get("sure") != "1":
        if not attempt.needs_person or attempt.state not in GONE_MAY_BE_SAID:
            raise DeliveryConflict(_("The courier's answers decide this."))
        names = {"delivery": delivery, "name": courier_name(attempt)}
        return _sure(
            "gone",
            _("%(delivery)s: does surely nobody of %(name)s ride?") % names,
            _(
                "Ask the courier by telephone first. After this another rider can be called: if one"
                " rides all the same, two come, and both cost money."
            ),
            _("The courier says so: nobody rides"),
            fields={"attempt": str(attempt.pk)},
        )
    saying.gone_for_sure(attempt=attempt, actor=staff_user(request))
    return Done(_("Noted: nobody rides."))


def settle(request: HttpRequest, delivery: Delivery) -> Done:
    case = delivery.cases.filter(closed_at=None).first()
    if case is None:
        raise DeliveryConflict(_("This is settled already."))
    cases.case_close(case=case, actor=staff_user(request))
    return Done(_("Settled."))


def over(request: HttpRequest, delivery: Delivery) -> Done | Asked:
    """Asks for the note that the audit log keeps."""
    note = one_line(request.POST.get("note", ""))[:REASON]
    if not note:
        settling.check_settled_by_person(delivery)
        return _sure(
            "over",
            _("%(delivery)s: is nothing left to do?") % {"delivery": delivery},
            _("The delivery is over; it is no longer put before a person."),
            _("Nothing is left to do"),
            note_length=REASON,
            trouble=_("Write how it was settled.") if "note" in request.POST else "",
        )
    settling.delivery_settle(delivery=delivery, actor=staff_user(request), note=note)
    return Done(_("Settled."))


def picked_up(request: HttpRequest, delivery: Delivery) -> Done:
    return _own_step(request, delivery, WaybillState.PICKED_UP)


def delivered(request: HttpRequest, delivery: Delivery) -> Done | Asked:
    """Asks for the receiver's hand-over code where the order wants one; without it works too."""
    live = delivery.attempts.live().filter(courier=None).first()
    if live is None or not live.finish_code or "without" in request.POST:
        return _own_step(request, delivery, WaybillState.DELIVERED)
    if "code" not in request.POST:
        return _code_asked()
    typed = re.sub("[^0-9]", "", narrow(request.POST["code"]))
    try:
        return _own_step(request, delivery, WaybillState.DELIVERED, typed)
    except DeliveryConflict as conflict:
        return _code_asked(str(conflict.reason))


def _code_asked(trouble: str = "") -> Asked:
    without = Action("delivered", _("Delivered without the code"), {"without": "1"})
    return Asked("delivery/_board_code.html", {"without": without, "trouble": trouble})


def _own_step(
    request: HttpRequest, delivery: Delivery, state: WaybillState, code: str | None = None
) -> Done:
    actor = staff_user(request)
    saying.own_step(delivery=delivery, state=state, actor=actor, code=code)
    return Done(_("Noted: %(state)s.") % {"state": state.label})


Verb = Callable[[HttpRequest, Delivery], Done | Asked]
VERBS: Mapping[str, Verb] = {
    "call": call,
    "ourselves": ourselves,
    "call-again": call_again,
    "prices": prices,
    "cancel": cancel,
    "tip": tip,
    "ready": ready,
    "wait": wait,
    "returned": returned,
    "picked-up": picked_up,
    "delivered": delivered,
    "gone": gone,
    "settle": settle,
    "over": over,
}


def _sure(
    verb: str,
    title: str,
    text: str,
    button: str,
    *,
    fields: Mapping[str, str] | None = None,
    note_length: int = 0,
    trouble: str = "",
) -> Asked:
    """Asks to press a button once more, with these fields, and with a note if it has a length."""
    context = {"verb": verb, "title": title, "text": text, "button": button, "trouble": trouble}
    given = {"sure": "1", **(fields or {})}
    return Asked(
        "delivery/_board_sure.html", context | {"fields": given, "note_length": note_length}
    )


def _price_rows(offers: list[Offered]) -> Iterator[PriceRow]:
    for number, each in enumerate(offers):
        is_best = number == 0 and each.is_chosen
        fields = {"quote": str(each.quote.pk)} | ({"rule": "1"} if is_best else {})
        yield PriceRow(each, is_best, Action("call", call_title(each), fields, is_main=is_best))


def _again(delivery: Delivery) -> Action | None:
    """Offers to call the last courier under the same number, where it takes that."""
    last = max(delivery.attempts.all(), key=lambda each: each.pk, default=None)
    if last is None or last.courier is None or last.state != State.DEAD:
        return None
    if last.waybill_state is None or not courier_of(last.courier_code).can_call_again:
        return None
    title = _("Call %(courier)s again under the same number")
    return Action("call-again", title % {"courier": courier_name(last)}, {"attempt": str(last.pk)})


def _cancel_asked(
    delivery: Delivery, live: Attempt | None, fee: Decimal | None, trouble: str = ""
) -> Asked:
    until = free_until_of(live)
    has_goods = live is not None and live.waybill_state in GONE_WITH_THE_GOODS
    return Asked(
        "delivery/_board_cancel.html",
        {
            "live": live,
            "name": courier_name(live) if live else "",
            "costs": fee_text(fee),
            "actions": list(_cancel_actions(live, WHATEVER if fee is None else str(fee))),
            "has_goods": has_goods and live is not None and live.courier_id is not None,
            "free_until": until if fee == 0 and until and until > timezone.now() else None,
            "trouble": trouble,
        },
    )


def _cancel_actions(live: Attempt | None, fee: str) -> Iterator[Action]:
    if live is None:
        fields = {"fee": fee, "then": str(Then.CANCEL)}
        yield Action("cancel", _("Cancel the delivery"), fields, is_main=True)
        return
    fields = {"attempt": str(live.pk), "fee": fee}
    both = _("Cancel the rider and the delivery")
    yield Action("cancel", _("Cancel the rider only"), fields | {"then": "rider"}, is_main=True)
    yield Action("cancel", both, fields | {"then": str(Then.CANCEL)})


def _attempt(request: HttpRequest, delivery: Delivery) -> Attempt:
    """Returns the delivery's attempt that the form names. Raises Conflict."""
    rows = delivery.attempts.select_related("courier__account__connection")
    found = rows.filter(pk=number_of(request, "attempt")).first()
    if found is None:
        raise DeliveryConflict(_("This rider is not of this delivery."))
    return found


def number_of(request: HttpRequest, name: str) -> int:
    """Returns a number of the form; 0, which no row has, for what is none."""
    text = request.POST.get(name, "")
    return int(text) if is_id(text) and int(text) <= MAX_INT64 else 0


def _yuan(text: str) -> Decimal:
    """Returns an amount of the form. Raises Conflict for what is none."""
    try:
        found = Decimal(text[:12])
    except ArithmeticError:
        found = Decimal(-1)
    if not found.is_finite() or not 0 <= found <= MOST or found != round(found, 2):
        raise DeliveryConflict(_("This is no amount."))
    return found
