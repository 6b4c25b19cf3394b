"""The back office's pages of a drill: start it, watch it, read its findings and messages."""

from typing import Any, ClassVar

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django_stubs_ext import StrOrPromise

from stores.backoffice.pages import staff_user
from stores.backoffice.read_only import ReadOnlyAdmin
from stores.conflicts import Conflict
from stores.drills import runner
from stores.drills.drill import Drill
from stores.drills.report import Report
from stores.models import Connection, DrillRun
from stores.platforms.workers import queue
from stores.roles import Permission
from stores.tenancy import has_permission

SHOWN_RUNS = 10
# Seconds between two looks at a run that is under way.
EVERY = 2


class DrillAdmin(ReadOnlyAdmin):
    """Runs of one kind of drill. A domain registers it for a proxy of DrillRun."""

    view_permission = Permission.MANAGE_CONNECTIONS
    # Where the drill's connections belong, and the task that goes on with a run (dotted path).
    platform: ClassVar[str]
    drill: ClassVar[type[Drill]]
    task: ClassVar[str]
    title: ClassVar[StrOrPromise]
    # Above a message and above its answer.
    sent_title: ClassVar[StrOrPromise]
    answered_title: ClassVar[StrOrPromise]
    runs_template = "stores/drills/runs.html"
    run_template = "stores/drills/run.html"

    def runs_context(self, connections: list[Connection]) -> dict[str, Any]:
        """Returns the further context of the domain's own runs template."""
        return {}

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.start_view)
        name = f"{self.opts.app_label}_{self.opts.model_name}_start"
        return [path("start/", view, name=name), *super().get_urls()]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).filter(kind=self.drill.checklist.kind)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Shows the button and the last runs; `connection=5` in the address chooses one."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        connections = self.connections_of(staff_user(request))
        rows = self.get_queryset(request).select_related("connection__merchant", "started_by")
        add_connection = f"{reverse('admin:stores_connection_add')}?platform={self.platform}"
        context = self._context(request) | {
            "connections": connections,
            "chosen": request.GET.get("connection", ""),
            "add_connection": add_connection,
            "runs": [self._report(row) for row in rows.order_by("-id")[:SHOWN_RUNS]],
            "base_url": settings.PUBLIC_BASE_URL,
            "works": queue.alive(),
        }
        context |= self.runs_context(connections)
        return TemplateResponse(request, self.runs_template, context)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Shows one run. While it is under way the page reloads itself, without messages."""
        row = self.get_object(request, object_id)
        if request.method == "POST":
            raise PermissionDenied
        report = self._report(row)
        context = self._context(request) | {
            "original": row,
            "subtitle": str(row),
            "run": report,
            "groups": report.groups(with_messages=report.is_over),
            "sent_title": self.sent_title,
            "answered_title": self.answered_title,
            "every": EVERY,
            "may_run": report.is_over
            and row.connection in self.connections_of(staff_user(request)),
            "works": report.is_over or queue.alive(),
            "back": f"{self._url('changelist')}?connection={row.connection_id}",
        }
        return TemplateResponse(request, self.run_template, context)

    def start_view(self, request: HttpRequest) -> HttpResponse:
        """Starts a run of the chosen connection, or leads to the run under way.

        Raises Http404 for a connection of another merchant, PermissionDenied for an insufficient
        role.
        """
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        user = staff_user(request)
        connection = self._chosen(user, request.POST.get("connection", ""))
        checklist, base_url = self.drill.checklist, settings.PUBLIC_BASE_URL
        try:
            row = runner.start(checklist, connection=connection, base_url=base_url, actor=user)
        except Conflict as conflict:
            messages.warning(request, str(conflict.reason))
            known = DrillRun.objects.filter(connection=connection, kind=checklist.kind)
            running = known.filter(finished_at=None).first()
            if running is None:
                return redirect(self._url("changelist"))
            row = running
        # Also for one that is under way: the process that worked on it may have died.
        queue.wake_worker(self.task, row.pk)
        return redirect(self._report(row).url)

    def connections_of(self, user: User) -> list[Connection]:
        """Returns the platform's active connections of which this person may run the drill."""
        rows = Connection.objects.for_staff(user).filter(
            platform=self.platform, is_active=True, merchant__is_active=True
        )
        found = rows.select_related("merchant").order_by("merchant__name", "pk")
        return [
            connection
            for connection in found
            if has_permission(user, Permission.MANAGE_CONNECTIONS, connection.merchant_id)
        ]

    def _chosen(self, user: User, text: str) -> Connection:
        if not has_permission(user, Permission.MANAGE_CONNECTIONS):
            raise PermissionDenied
        for connection in self.connections_of(user):
            if str(connection.pk) == text:
                return connection
        raise Http404

    def _report(self, row: DrillRun) -> Report:
        return Report(row, self.drill.checklist, self._url("change", row.pk))

    def _url(self, name: str, *args: int) -> str:
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_{name}", args=args)

    def _context(self, request: HttpRequest) -> dict[str, Any]:
        shared = self.admin_site.each_context(request)
        return {**shared, "opts": self.opts, "title": self.title}
