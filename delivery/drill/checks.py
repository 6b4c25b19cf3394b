"""The flow from binding a courier to a returned order, as checks."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from delivery.choices import CancelReason, Moment, WaybillState
from delivery.drill.drilling import Drill, check
from delivery.models import Attempt, Delivery
from delivery.services import about, life
from delivery.wire.waybill import DEAD
from stores.drills.results import LeftOut
from stores.text import listed_lazy
from stores.transitions import move

State = WaybillState


@check("bind.couriers", _("WeChat names the couriers that there are"))
def couriers(drill: Drill) -> None:
    found = drill.ask(lambda client, token: client.couriers(token))
    drill.expect(bool(found), _("WeChat names none."))
    names = listed_lazy([each.name or each.delivery_id for each in found])
    drill.note(_("Couriers: %(names)s"), names=names)


@check("bind.accounts", _("At least one account at a courier is bound and let through"))
def accounts(drill: Drill) -> None:
    found = drill.passed_accounts()
    drill.expect(
        bool(found),
        _("None is. Bind your account at a courier in WeChat's console (功能 → 即时配送)."),
    )
    drill.note(_("Accounts: %(names)s"), names=listed_lazy(found))


@check("order.called", _("The sandbox takes an order and gives it a waybill number"))
def called(drill: Drill) -> None:
    attempt = drill.rider("states")
    drill.expect(bool(attempt.waybill_id), _("The answer has no waybill number."))


@check("order.read", _("The order waits for a rider"))
def read(drill: Drill) -> None:
    attempt = drill.rider("states")
    drill.expect_equal("order_status", _asked(drill, attempt), int(State.WAITING))


@check("states.accepted", _("102: a rider accepts"))
def accepted(drill: Drill) -> None:
    drill.reach(drill.rider("states"), State.ACCEPTED)


@check("states.at_shop", _("201: the rider is at the shop"))
def at_shop(drill: Drill) -> None:
    drill.reach(drill.rider("states"), State.AT_SHOP)


@check("states.picked_up", _("202: the rider has the goods"))
def picked_up(drill: Drill) -> None:
    drill.reach(drill.rider("states"), State.PICKED_UP)


@check("states.on_the_way", _("301: the rider is on the way"))
def on_the_way(drill: Drill) -> None:
    drill.reach(drill.rider("states"), State.ON_THE_WAY)


@check("states.delivered", _("302: the goods are delivered"))
def delivered(drill: Drill) -> None:
    attempt = drill.rider("states")
    drill.reach(attempt, State.DELIVERED)
    delivery = Delivery.objects.get(pk=attempt.delivery_id)
    drill.expect_equal("state", delivery.state, Delivery.State.DELIVERED.value)


@check("states.moments", _("The receiver is told three moments, each once"))
def moments(drill: Drill) -> None:
    found = _moments(drill.rider("states"))
    wanted = [Moment.ACCEPTED.value, Moment.PICKED_UP.value, Moment.DELIVERED.value]
    drill.expect_equal("moments", found, wanted)


@check("cancel.ended", _("A cancelled order has ended at WeChat and here"))
def cancelled(drill: Drill) -> None:
    attempt = drill.rider("cancel")
    with transaction.atomic():
        locked = life.locked(attempt.pk)
        locked.cancel_reason = int(CancelReason.NOT_NEEDED)
        move(locked, Attempt.State.ENDING, cancel_reason=locked.cancel_reason)
        about.move_then(locked.delivery, Delivery.Then.CANCEL)
    drill.ask(
        lambda client, token: client.cancel(
            token,
            drill.account(),
            attempt.shop_order_id,
            waybill_id=attempt.waybill_id,
            reason=CancelReason.NOT_NEEDED,
        )
    )
    with transaction.atomic():
        locked = life.locked(attempt.pk)
        locked.cancelled_at = timezone.now()
        locked.save(update_fields=["cancelled_at"])
    code = _asked(drill, attempt)
    drill.expect(code in DEAD, _("WeChat says %(code)s after the cancellation."), code=code)
    with transaction.atomic():
        life.prove_dead(life.locked(attempt.pk))
    delivery = Delivery.objects.get(pk=attempt.delivery_id)
    drill.expect_equal("state", delivery.state, Delivery.State.CANCELLED.value)


@check("abnormal.not_reached", _("304: the receiver is not reached, and told that it went wrong"))
def not_reached(drill: Drill) -> None:
    attempt = drill.rider("abnormal")
    for state in (State.ACCEPTED, State.PICKED_UP, State.NOT_REACHED):
        drill.reach(attempt, state)
    found = _moments(attempt)
    drill.expect(Moment.ABNORMAL.value in found, _("The receiver was not told."))


@check("abnormal.returned", _("401: the return is confirmed, and the goods are back"))
def returned(drill: Drill) -> None:
    attempt = drill.rider("abnormal")
    if attempt.waybill_state != State.NOT_REACHED:
        raise LeftOut(_("The order is not on its way back (see the check above)."))
    drill.ask(
        lambda client, token: client.confirm_return(
            token, drill.account(), attempt.shop_order_id, waybill_id=attempt.waybill_id
        )
    )
    drill.expect_push(attempt, State.RETURNED)
    delivery = Delivery.objects.get(pk=attempt.delivery_id)
    drill.expect_equal("state", delivery.state, Delivery.State.RETURNED.value)


@check("live.real", _("One real order has been delivered"))
def live(drill: Drill) -> None:
    rows = Delivery.objects.filter(
        store=drill.place.store, is_drill=False, state=Delivery.State.DELIVERED
    )
    if not rows.exclude(attempts__courier=None).exists():
        raise LeftOut(
            _(
                "By hand: check the set-up of the store, send one order of your own by a real"
                " courier, watch it on the receiver's page, and compare the fee with the courier's"
                " bill."
            )
        )


def _asked(drill: Drill, attempt: Attempt) -> int | None:
    """Asks how an order stands, and takes the answer in."""
    asked_at = timezone.now()
    number = attempt.shop_order_id
    found = drill.ask(lambda client, token: client.state(token, drill.account(), number))
    if found is None:
        return None
    with transaction.atomic():
        about.state_heard(life.locked(attempt.pk), found, asked_at)
    return found.code


def _moments(attempt: Attempt) -> list[str]:
    rows = attempt.delivery.moments.order_by("at", "id")
    return list(rows.values_list("kind", flat=True))
