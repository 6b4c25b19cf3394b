"""What is known of a courier in plain words, and how sure it is."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from delivery.admin.couriers import service_text
from delivery.choices import Sure
from delivery.wire.couriers import CancelFee, Courier, Tips, courier_of
from stores.money import number_text, yuan_short
from stores.text import listed


@dataclass(frozen=True)
class Fact:
    text: str
    sure: Sure


@dataclass(frozen=True)
class Known:
    """A courier with what is known of it."""

    name: str
    facts: list[Fact]

    @property
    def by_sureness(self) -> dict[Sure, list[str]]:
        return {
            sure: texts
            for sure in Sure
            if (texts := [fact.text for fact in self.facts if fact.sure == sure])
        }


def known_of(couriers: Iterable[tuple[str, str]]) -> list[Known]:
    """Returns what is known of couriers, given by id and name, each once."""
    found = {delivery_id: courier_of(delivery_id, name) for delivery_id, name in couriers}
    return [Known(str(courier.name), list(_facts(courier))) for courier in found.values()]


def _facts(courier: Courier) -> Iterator[Fact]:
    if courier.sure == Sure.OPEN:
        yield Fact(_("Its rules are not known to us: what it answers counts."), Sure.OPEN)
        return
    for text in _rules(courier):
        yield Fact(text, courier.sure)
    yield _tips(courier.tips)
    if courier.cancel_fees:
        yield _cancelling(courier.cancel_fees)


def _rules(courier: Courier) -> Iterator[str]:
    if courier.needs_sender:
        yield _("Is told the store's address with each order.")
    else:
        yield _("Takes the store's address from its own number of the store.")
    if courier.is_direct:
        yield _("Each rider carries one order only.")
    if not courier.names_price:
        yield _("Names no price before it is called.")
    if courier.price_lasts:
        text = _("Keeps a quoted price for %(time)s.")
        yield text % {"time": _time(courier.price_lasts)}
    for service in courier.services:
        yield _("Service %(service)s.") % {"service": service_text(service)}
    if courier.booking:
        least, most = map(_time, courier.booking)
        yield _("Can be booked from %(least)s to %(most)s ahead.") % {"least": least, "most": most}
    codes = [
        text
        for text, has in (
            (_("pick-up code"), courier.has_pickup_code),
            (_("receipt code"), courier.has_finish_code),
        )
        if has
    ]
    if codes:
        yield _("Codes for handing over: %(codes)s.") % {"codes": listed(codes)}
    if courier.can_insure:
        yield _("Goods can be insured.")
    if courier.cancel_until_pickup:
        yield _("Can be cancelled until the goods are picked up.")
    if not courier.can_call_again:
        yield _("An order that has ended cannot be called again under its number.")


def _tips(tips: Tips | None) -> Fact:
    if tips is None:
        return Fact(_("Takes no tips."), Sure.OFFICIAL)
    if tips.sure == Sure.OPEN:
        return Fact(_("Whether it takes tips is not clear."), Sure.OPEN)
    if tips.steps:
        steps = listed(number_text(int(step)) for step in tips.steps)
        return Fact(_("Tips of ¥%(steps)s.") % {"steps": steps}, tips.sure)
    given = {"most": yuan_short(tips.most), "unit": yuan_short(tips.unit)}
    if tips.within_value:
        text = _("Tips up to %(most)s in steps of %(unit)s, not above the value of the goods.")
    else:
        text = _("Tips up to %(most)s in steps of %(unit)s.")
    return Fact(text % given, tips.sure)


def _cancelling(fees: Iterable[CancelFee]) -> Fact:
    parts, sure = [], Sure.AGREED
    for each in fees:
        sure = each.sure
        given = {
            "after": _time(each.after),
            "until": _time(each.until) if each.until else "",
            "fee": _fee(each.fee),
        }
        if each.until and not each.after:
            parts.append(_("%(fee)s within %(until)s") % given)
        elif each.until:
            parts.append(_("%(fee)s until %(until)s") % given)
        else:
            parts.append(_("%(fee)s after %(after)s") % given)
    text = _("Cancelling after a rider has accepted usually costs: %(fees)s.")
    return Fact(text % {"fees": listed(parts)}, sure)


def _fee(fee: Decimal) -> str:
    return yuan_short(fee) if fee else _("nothing")


def _time(length: timedelta) -> str:
    minutes = int(length.total_seconds()) // 60
    if minutes and not minutes % 60:
        return ngettext("%(count)d hour", "%(count)d hours", minutes // 60) % {
            "count": minutes // 60
        }
    return ngettext("%(count)d minute", "%(count)d minutes", minutes) % {"count": minutes}
