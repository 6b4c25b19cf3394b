"""The pages of the acceptance drill: start it, follow it, read its results and messages."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from stores.backoffice.pages import staff_user
from stores.conflicts import Conflict
from stores.models import Connection
from stores.platforms.workers import queue
from stores.roles import Permission
from stores.tenancy import has_permission
from trip.choices import PLATFORM
from trip.drill import drill_start
from trip.models import DrillRun, Product
from trip.pages.drill_report import Shown, groups

RUNS = "admin:trip_drillrun_changelist"
RUN_TASK = "trip.tasks.run_drill"
SHOWN_RUNS = 10
# Seconds between two requests for a run that is under way.
EVERY = 2


def runs_page(
    request: HttpRequest, runs: QuerySet[DrillRun], *, context: dict[str, Any]
) -> HttpResponse:
    """Shows the introduction, the start button, and the last of `runs`; `connection=5` in the
    address selects one.
    """
    connections = connections_of(staff_user(request))
    context |= {
        "title": _("Acceptance drill"),
        "connections": connections,
        "sells": Product.objects.filter(
            connection__in=connections, state=Product.State.ON_SALE
        ).exists(),
        "chosen": request.GET.get("connection", ""),
        "add_connection": reverse("admin:stores_connection_add") + f"?platform={PLATFORM}",
        "runs": [
            Shown(row)
            for row in runs.select_related("connection__merchant", "started_by").order_by("-id")[
                :SHOWN_RUNS
            ]
        ],
        "base_url": settings.PUBLIC_BASE_URL,
        "works": queue.alive(),
    }
    return TemplateResponse(request, "trip/admin/drills.html", context)


def run_page(request: HttpRequest, run: DrillRun, *, context: dict[str, Any]) -> HttpResponse:
    """Shows one run; while it is under way the page reloads itself, and the messages come with the
    last answer.
    """
    shown = Shown(run)
    context |= {
        "title": _("Acceptance drill"),
        "subtitle": str(run),
        "run": shown,
        "groups": groups(run, messages_too=shown.is_over),
        "every": EVERY,
        "may_run": shown.is_over and run.connection in connections_of(staff_user(request)),
        "works": shown.is_over or queue.alive(),
        "back": f"{reverse(RUNS)}?connection={run.connection_id}",
    }
    return TemplateResponse(request, "trip/admin/drill.html", context)


def start(request: HttpRequest) -> HttpResponse:
    """Starts a run of the selected connection, or redirects to the run that is under way.

    Raises Http404 for a connection that the user cannot see, PermissionDenied when the user's role
    there does not allow it.
    """
    connection = _chosen(staff_user(request), request.POST.get("connection", ""))
    try:
        run = drill_start(
            connection=connection, base_url=settings.PUBLIC_BASE_URL, actor=staff_user(request)
        )
    except Conflict as conflict:
        messages.warning(request, str(conflict.reason))
        running = DrillRun.objects.filter(connection=connection, finished_at=None).one()
        if running is None:
            return redirect(RUNS)
        run = running
    # Also for a run that is under way: its worker may have died, and one task too many does no
    # harm.
    queue.wake_worker(RUN_TASK, run.pk)
    return redirect(Shown(run).url)


def connections_of(user: User) -> list[Connection]:
    """Returns the active ticket connections whose drill this user may run."""
    rows = Connection.objects.for_staff(user).filter(
        platform=PLATFORM, is_active=True, merchant__is_active=True
    )
    found = rows.select_related("merchant").order_by("merchant__name", "pk")
    return [
        connection
        for connection in found
        if has_permission(user, Permission.MANAGE_CONNECTIONS, connection.merchant_id)
    ]


def _chosen(user: User, text: str) -> Connection:
    if not has_permission(user, Permission.MANAGE_CONNECTIONS):
        raise PermissionDenied
    for connection in connections_of(user):
        if str(connection.pk) == text:
            return connection
    raise Http404
