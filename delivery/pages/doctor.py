"""The page on which a store's set-up is checked: what was found the last time, or is found now."""

from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods
from django_stubs_ext import StrOrPromise

from delivery.models import DeliveryStore, DoctorRun
from delivery.services import doctor as services
from stores.backoffice.pages import staff_page, staff_user
from stores.conflicts import Conflict
from stores.drills.results import in_own_language
from stores.platforms.workers import queue
from stores.roles import Permission
from stores.tenancy import has_permission

TASK = "delivery.tasks.check_set_up"
# Seconds between two looks at a run that is under way.
EVERY = 1


@dataclass(frozen=True)
class Line:
    """One check; without a verdict it has not been done yet."""

    name: str
    title: StrOrPromise
    verdict: str
    label: StrOrPromise
    said: list[str]
    todo: list[str]
    copy: str


@staff_page
@require_http_methods(["GET", "HEAD", "POST"])
def doctor(request: HttpRequest, pk: int) -> HttpResponse:
    """Shows the last run; a POST starts one, with a test order where `order` is given."""
    user = staff_user(request)
    place = _place(user, pk)
    if request.method == "POST":
        try:
            with_order = "order" in request.POST
            run = services.start(place=place, with_order=with_order, actor=user)
            queue.wake_worker(TASK, run.pk)
        except Conflict:
            # Somebody else has pressed it: the page shows how far it is.
            pass
        return HttpResponseRedirect(reverse("delivery:doctor", args=[place.pk]))
    last = DoctorRun.objects.filter(place=place).first()
    waiting = bool(last and last.is_under_way)
    lines = lines_of(last)
    context = {
        "place": place,
        "run": last,
        "lines": lines,
        "done": sum(bool(line.verdict) for line in lines),
        "wrong": sum(line.verdict == services.Verdict.WRONG for line in lines),
        "skipped": sum(line.verdict == services.Verdict.SKIPPED for line in lines),
        "waiting": waiting,
        "works": not waiting or queue.alive(),
        "every": EVERY,
        "drill": _drill_of(user, place),
        "back": reverse("admin:delivery_deliverystore_change", args=[place.pk]),
    }
    return render(request, "delivery/doctor.html", context)


def lines_of(run: DoctorRun | None) -> list[Line]:
    """All checks in their order, in the reader's language."""
    rows: dict[str, dict[str, Any]] = {row["name"]: row for row in run.results} if run else {}
    return [_line(name, title, rows.get(name)) for name, title in services.TITLES.items()]


def _line(name: str, title: StrOrPromise, row: dict[str, Any] | None) -> Line:
    if row is None:
        return Line(name, title, "", "–", [], [], "")
    verdict = services.Verdict(row["verdict"])
    said, todo = ([in_own_language(text) for text in row[part]] for part in ("said", "todo"))
    return Line(name, title, verdict.value, verdict.label, said, todo, row["copy"])


def _drill_of(user: User, place: DeliveryStore) -> str:
    """Returns the address of the drill; "" for who may not run it."""
    if not has_permission(user, Permission.MANAGE_CONNECTIONS, place.store.merchant_id):
        return ""
    return f"{reverse('admin:delivery_drillrun_changelist')}?connection={place.connection_id}"


def _place(user: User, pk: int) -> DeliveryStore:
    """Raises Http404 for another merchant's store, PermissionDenied for who may not set it up."""
    rows = DeliveryStore.objects.for_staff(user).select_related("store__merchant", "connection")
    place: DeliveryStore = get_object_or_404(rows, pk=pk)
    if not has_permission(user, Permission.MANAGE_STORES, place.store.merchant_id):
        raise PermissionDenied
    return place
