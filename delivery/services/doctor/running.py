"""Does all checks of a store in time, and keeps what was found as it comes."""

import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from delivery.models import DeliveryStore, DoctorRun, StoreCourier
from delivery.services import accounts
from delivery.services.doctor import couriers, judging, ordering, pushes
from delivery.services.doctor.findings import TITLES, Finding, broken, skipped
from delivery.services.doctor.heard import Heard, ask
from stores import audit
from stores.audit import Actor, name_of
from stores.conflicts import Conflict

log = logging.getLogger(__name__)
# All checks together, and of these the last one.
SECONDS, ORDER_SECONDS = 19.0, 6.0
ORDER = list(TITLES)
Report = Callable[[Finding], None]


@transaction.atomic
def start(*, place: DeliveryStore, with_order: bool, actor: Actor) -> DoctorRun:
    """Writes the row of a new run in place of the last one; `carry_out` does the work.

    Raises Conflict while one is under way.
    """
    DeliveryStore.objects.select_for_update().get(pk=place.pk)
    last = DoctorRun.objects.filter(place=place).first()
    if last and last.is_under_way:
        raise Conflict(_("The set-up of this store is being checked already."))
    row, _is_new = DoctorRun.objects.update_or_create(
        place=place,
        defaults={
            "with_order": with_order,
            "results": [],
            "started_by": name_of(actor),
            "started_at": timezone.now(),
            "finished_at": None,
        },
    )
    audit.record("delivery.doctor", actor=actor, store=place.store, target=place)
    return row


def carry_out(run: DoctorRun, report: Report = lambda finding: None) -> None:
    """Does the checks of a run that was started, once: another process may have done it."""
    if run.finished_at or run.results:
        return

    def keep(finding: Finding) -> None:
        kept = [row for row in run.results if row["name"] != finding.name]
        run.results = sorted([*kept, finding.as_json()], key=lambda row: ORDER.index(row["name"]))
        run.save(update_fields=["results"])
        report(finding)

    rows = DeliveryStore.objects.select_related("store__merchant", "connection__parent")
    place = rows.get(pk=run.place_id)
    _check_all(place, keep, with_order=run.with_order)
    run.finished_at = timezone.now()
    run.save(update_fields=["finished_at"])


def _check_all(place: DeliveryStore, keep: Report, *, with_order: bool) -> None:
    until = time.monotonic() + SECONDS
    since = timezone.now()
    pushed = pushes.Pushed.of(place.connection)
    with ThreadPoolExecutor(2) as pool:
        reach = pool.submit(_safely, "reachable", lambda: pushes.of_reach(pushed))
        keys = pool.submit(_safely, "keys", lambda: pushes.of_keys(pushed))
        heard = _of_wechat(place, keep, until)
        keep(reach.result())
        keep(keys.result())
    at = place.connection.parent or place.connection
    for connection in {at, place.connection}:
        pushes.hide_messages(connection, since)
    keep(_safely("order", lambda: _of_order(place, heard, until, with_order=with_order)))


def _of_wechat(place: DeliveryStore, keep: Report, until: float) -> Heard | None:
    """Keeps what WeChat and couriers answer; None when the question itself broke."""
    rows = StoreCourier.objects.filter(place=place, is_active=True)
    used = list(rows.select_related("account", "place__store__merchant"))

    def signed_in() -> None:
        so_far = Heard(has_provider=place.connection.parent is not None)
        keep(judging.of_token(so_far))
        keep(judging.of_address(so_far))

    try:
        heard = ask(place, used, until=until, signed_in=signed_in)
        if isinstance(heard.accounts, list):
            accounts.accounts_note(connection=place.connection, found=heard.accounts)
    except Exception as error:
        log.exception("the set-up check of store %s broke", place.store_id)
        for name in ("token", "address", "opened", "bound", "audit", "secret", "shop_no"):
            keep(broken(name, error))
        return None
    checks: dict[str, Callable[[], Finding]] = {
        "token": lambda: judging.of_token(heard),
        "address": lambda: judging.of_address(heard),
        "opened": lambda: judging.of_opened(heard),
        "bound": lambda: judging.of_bound(heard, used),
        "audit": lambda: judging.of_audit(heard, used),
        "secret": lambda: couriers.of_secrets(heard, used),
        "shop_no": lambda: couriers.of_stores(heard, used),
    }
    for name, check in checks.items():
        keep(_safely(name, check))
    return heard


def _of_order(
    place: DeliveryStore, heard: Heard | None, until: float, *, with_order: bool
) -> Finding:
    if not with_order:
        why = gettext_lazy("Only when you ask for it: WeChat allows 500 test orders a day.")
        return skipped("order", why)
    if heard is None or heard.login is not None:
        return skipped("order", judging.NOT_LET_IN)
    ends = min(until, time.monotonic() + ORDER_SECONDS)
    if ends <= time.monotonic():
        return skipped("order", gettext_lazy("The other checks took all the time."))
    return ordering.of_order(place, until=ends)


def _safely(name: str, check: Callable[[], Finding]) -> Finding:
    try:
        return check()
    except Exception as error:
        log.exception("the set-up check %s broke", name)
        return broken(name, error)
