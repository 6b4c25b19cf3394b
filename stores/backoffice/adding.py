"""What has to be there before a row can be added."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django_stubs_ext import StrOrPromise
from unfold.admin import ModelAdmin


class NeedsFirstAdmin(ModelAdmin):
    """Leads to another page while something is missing without which no row can be added."""

    def needed_first(self, request: HttpRequest) -> tuple[StrOrPromise, str] | None:
        """Returns a sentence and the page for what is missing; None when nothing is."""
        return None

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        if self.has_add_permission(request) and (first := self.needed_first(request)):
            text, url = first
            messages.warning(request, text)
            return redirect(url)
        page: HttpResponse = super().add_view(request, form_url, extra_context)
        return page
