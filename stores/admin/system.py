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
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.forms import AdminPasswordChangeForm, UserCreationForm

from stores.backoffice.base import OPERATOR, LedgerAdmin, ReadOnlyAdmin, ScopedAdmin
from stores.backoffice.labels import platform_column
from stores.clock import format_moment
from stores.models import Heartbeat, Pace


class UserForm(forms.ModelForm[User]):
    """Django's own would show algorithm, salt and part of the password's hash."""

    class Meta:
        model = User
        fields = ("username", "first_name", "email", "is_active", "is_staff", "is_superuser")
        field_classes = {"username": UsernameField}


class GivenPasswordForm(AdminPasswordChangeForm):
    def save(self, commit: bool = True) -> User:
        user: User = super().save(commit)
        user.memberships.update(password_is_given=True)
        return user


@admin.register(User)
class UserAdmin(DjangoUserAdmin[User], ScopedAdmin):
    """Sign-ins of all people; a merchant's staff list sets what they may do."""

    view_permission = add_permission = change_permission = OPERATOR
    form = UserForm
    add_form = UserCreationForm
    change_password_form = GivenPasswordForm
    list_display = ("username", "first_name", "is_active", "is_superuser", "last_login")
    list_filter = ("is_active", "is_superuser")
    readonly_fields = ("new_password", "last_login", "date_joined")
    filter_horizontal = ()
    fieldsets = (
        (None, {"fields": ("username", "new_password", "first_name", "email")}),
        (
            _("Sign-in"),
            {"fields": ("is_active", "is_staff", "is_superuser", "last_login", "date_joined")},
        ),
    )

    @display(description=_("Password"))
    def new_password(self, user: User) -> SafeString:
        address = reverse("admin:auth_user_password_change", args=[user.pk])
        link = '<a class="text-primary-600" href="{}">{}</a>'
        return format_html(link, address, gettext("Set a new one"))


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


class QueueTaskAdmin(LedgerAdmin):
    """Success and Failure are proxies of one table that grows with every task."""

    view_permission = OPERATOR
    ordering = ("-stopped",)
    list_display = ("func", "cluster", "started", "stopped", "outcome")
    fields = ("func", "arguments", "cluster", "started", "stopped", "outcome")

    @display(description=_("arguments"))
    def arguments(self, task: Any) -> str:
        return str(task.args)

    @display(description=_("outcome"))
    def outcome(self, task: Any) -> str:
        return str(task.result or "")[:500]


class QueueScheduleAdmin(ReadOnlyAdmin):
    view_permission = OPERATOR
    list_display = ("name", "schedule_type", "minutes", "next_run", "repeats")
    fields = list_display


class QueueWaitingAdmin(LedgerAdmin):
    view_permission = OPERATOR
    list_display = ("id", "func", "lock")
    fields = ("func", "arguments", "lock")

    @display(description=_("task"))
    def func(self, waiting: Any) -> str:
        return str(waiting.func())

    @display(description=_("arguments"))
    def arguments(self, waiting: Any) -> str:
        return str(waiting.args())


# By name: only stores/platforms/workers/queue.py imports django-q2.
admin.site.register(apps.get_model("django_q", "Schedule"), QueueScheduleAdmin)
admin.site.register(apps.get_model("django_q", "Success"), QueueTaskAdmin)
admin.site.register(apps.get_model("django_q", "Failure"), QueueTaskAdmin)
admin.site.register(apps.get_model("django_q", "OrmQ"), QueueWaitingAdmin)
