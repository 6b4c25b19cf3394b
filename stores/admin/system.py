"""For platform operators only: sign-ins, pacing, and the queue's own tables."""

from datetime import UTC, datetime
from typing import Any

from django import forms
from django.apps import apps
from django.contrib import admin
from django.contrib.admin import display
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import UsernameField
from django.contrib.auth.models import Group, User
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from stores.backoffice.buttons import button
from stores.backoffice.given_passwords import GivesPasswords, renewal
from stores.backoffice.labels import moment_column, platform_column
from stores.backoffice.plain_errors import explained
from stores.backoffice.read_only import LedgerAdmin, ReadOnlyAdmin
from stores.backoffice.scoping import OPERATOR
from stores.clock import format_moment
from stores.domains import merged
from stores.models import Heartbeat, Pace
from stores.text import listed


class UserForm(forms.ModelForm[User]):
    """Django's own would show algorithm, salt and part of the password's hash."""

    class Meta:
        model = User
        fields = ("username", "first_name", "email", "is_active", "is_staff", "is_superuser")
        field_classes = {"username": UsernameField}


@admin.register(User)
class UserAdmin(GivesPasswords, DjangoUserAdmin[User]):
    """Sign-ins of all people; a merchant's staff list sets what they may do."""

    view_permission = add_permission = change_permission = OPERATOR
    form = add_form = UserForm
    buttons = ("renew_password",)
    list_display = ("username", "first_name", "is_active", "is_superuser", "signed_in")
    list_filter = ("is_active", "is_superuser")
    signed_in = moment_column("last_login", _("last sign-in"))
    readonly_fields = ("last_login", "date_joined")
    filter_horizontal = ()
    add_fieldsets = (
        (None, {"fields": ("username", "first_name", "email")}),
        (_("Sign-in"), {"fields": ("is_active", "is_staff", "is_superuser")}),
    )
    fieldsets = (
        (None, {"fields": ("username", "first_name", "email")}),
        (
            _("Sign-in"),
            {"fields": ("is_active", "is_staff", "is_superuser", "last_login", "date_joined")},
        ),
    )

    def get_urls(self) -> list[URLPattern]:
        """Leaves out Django's page on which an operator types a password for somebody."""
        return [each for each in super().get_urls() if each.name != "auth_user_password_change"]

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        if not change:
            obj.set_password(self.make_password(request))
        super().save_model(request, obj, form, change)

    def account_of(self, row: User) -> User:
        return row

    @button(renewal(OPERATOR))
    def renew_password(
        self, request: HttpRequest, row: User, cleaned_data: dict[str, Any]
    ) -> HttpResponse:
        return self.renew(request, row)


@admin.register(Group)
class GroupAdmin(ReadOnlyAdmin):
    view_permission = OPERATOR
    list_display = fields = ("name",)


@admin.register(Pace)
class PaceAdmin(ReadOnlyAdmin):
    view_permission = OPERATOR
    list_display = fields = ("platform_label", "account", "next_moment", "failures")
    ordering = ("platform", "account")
    search_fields = ("account",)
    platform_label = platform_column

    @display(description=_("next call"), ordering="next_at")
    def next_moment(self, pace: Pace) -> str:
        """Stored as seconds since 1970, because the database computes with it."""
        return format_moment(datetime.fromtimestamp(pace.next_at, UTC)) if pace.next_at else "–"


@admin.register(Heartbeat)
class HeartbeatAdmin(ReadOnlyAdmin):
    view_permission = OPERATOR
    list_display = fields = ("name", "at")
    ordering = ("-at",)


def _task_title(path: str) -> str:
    """What operators call a task of the queue; one of an older release has no name any more."""
    return str(merged("task_titles").get(path, _("Another task")))


def _plain(arguments: Any) -> str:
    return listed(arguments or ()) or "–"


class QueueTaskAdmin(LedgerAdmin):
    """Success and Failure are proxies of one table that grows with every task."""

    view_permission = OPERATOR
    ordering = ("-stopped",)
    list_display = ("title", "cluster", "started", "stopped", "outcome")
    fields = ("title", "arguments", "cluster", "started", "stopped", "outcome")

    def heading(self, row: Any) -> str:
        return self.title(row)

    @display(description=_("task"))
    def title(self, task: Any) -> str:
        return _task_title(task.func)

    @display(description=_("arguments"))
    def arguments(self, task: Any) -> str:
        return _plain(task.args)

    @display(description=_("outcome"))
    def outcome(self, task: Any) -> SafeString | str:
        text = str(task.result or "")[:2000]
        return text or "–" if task.success else explained(text, _("The task ended with an error."))


class QueueScheduleAdmin(ReadOnlyAdmin):
    view_permission = OPERATOR
    list_display = fields = ("title", "every", "next_run")

    def heading(self, row: Any) -> str:
        return self.title(row)

    @display(description=_("task"), ordering="func")
    def title(self, schedule: Any) -> str:
        return _task_title(schedule.func)

    @display(description=_("how often"), ordering="minutes")
    def every(self, schedule: Any) -> str:
        hours, minutes = divmod(schedule.minutes or 0, 60)
        if hours and not minutes:
            text = ngettext("every hour", "every %(count)d hours", hours)
            return text % {"count": hours}
        text = ngettext("every minute", "every %(count)d minutes", schedule.minutes or 0)
        return text % {"count": schedule.minutes or 0}


class QueueWaitingAdmin(LedgerAdmin):
    view_permission = OPERATOR
    list_display = ("title", "lock")
    fields = ("title", "arguments", "lock")

    def heading(self, row: Any) -> str:
        return self.title(row)

    @display(description=_("task"))
    def title(self, waiting: Any) -> str:
        return _task_title(str(waiting.func()))

    @display(description=_("arguments"))
    def arguments(self, waiting: Any) -> str:
        return _plain(waiting.args())


# By name: only stores/platforms/workers/queue.py imports django-q2.
admin.site.register(apps.get_model("django_q", "Schedule"), QueueScheduleAdmin)
admin.site.register(apps.get_model("django_q", "Success"), QueueTaskAdmin)
admin.site.register(apps.get_model("django_q", "Failure"), QueueTaskAdmin)
admin.site.register(apps.get_model("django_q", "OrmQ"), QueueWaitingAdmin)
