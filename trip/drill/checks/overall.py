"""Checks over the whole run: speed, privacy, and that all tickets were given back."""

import json

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from stores.drills.results import LeftOut
from stores.models import InboundEvent
from stores.text import listed_lazy
from trip.drill.drilling import Drill, check
from trip.drill.tidying import orders_of_run, unbalanced, unreturned
from trip.models import Visitor
from trip.sandbox.calls import limits


@check("overall.time", _("Every call is answered within Meituan's time limits"))
def time(drill: Drill) -> None:
    slowest: dict[str, int] = {}
    exchanges = [each for result in drill.run.results for each in result["exchanges"]]
    if all(exchange["code"] is None for exchange in exchanges):
        raise LeftOut(_("No call was answered."))
    for exchange in exchanges:
        operation = exchange["operation"]
        slowest[operation] = max(slowest.get(operation, 0), exchange["ms"])
    unanswered = sum(bool(exchange["error"]) for exchange in exchanges)
    drill.expect(not unanswered, _("%(count)d calls got no answer."), count=unanswered)
    for operation, ms in slowest.items():
        seconds = sum(limits(operation))
        drill.expect(
            ms <= seconds * 1000,
            _("%(operation)s took %(ms)d ms, more than %(seconds)g s."),
            operation=operation,
            ms=ms,
            seconds=seconds,
        )
    times = listed_lazy([f"{operation} {ms} ms" for operation, ms in sorted(slowest.items())])
    drill.note(_("Slowest: %(told)s"), told=times)


@check(
    "overall.privacy",
    _("Visitors' names, phones and certificates are not in the ledger of calls"),
)
def privacy(drill: Drill) -> None:
    rows = orders_of_run(drill.run)
    secret = {
        value
        for visitor in Visitor.objects.filter(order__in=rows)
        for value in (
            visitor.details["name"],
            visitor.details["mobile"],
            *visitor.details["credentials"].values(),
        )
        if value
    }
    if not secret:
        raise LeftOut(_("No order of the drill named visitors."))
    keys = Q(pk__in=[])
    for row in rows:
        keys |= Q(dedup_key=str(row.order_id)) | Q(dedup_key__startswith=f"{row.order_id}/")
    events = InboundEvent.objects.filter(keys, connection=drill.connection)
    text = "\n".join(json.dumps(event.body, ensure_ascii=False) + event.answer for event in events)
    drill.expect(
        not any(value in text for value in secret),
        _("The ledger shows what only the visitor should know."),
    )


@check("overall.stock", _("The merchant has all tickets back that the drill has ordered"))
def stock(drill: Drill) -> None:
    if not orders_of_run(drill.run).exists():
        raise LeftOut(_("The drill could order nothing."))
    drill.expect_equal("tickets", unreturned(drill.run), 0)
    for offer in unbalanced(drill.run):
        drill.expect(
            False,
            _(
                "%(offer)s: %(held)d held and %(sold)d sold,"
                " but its orders have %(unpaid)d and %(kept)d."
            ),
            offer=offer,
            held=offer.held,
            sold=offer.sold,
            unpaid=offer.unpaid,
            kept=offer.kept,
        )
