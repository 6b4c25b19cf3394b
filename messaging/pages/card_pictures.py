"""Pictures of the safety card: uploaded as the body itself, as no form of ours takes files."""

from collections.abc import Callable
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.template.loader import render_to_string
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from messaging.choices import Measure
from messaging.models import CardMeasure, CardTest
from messaging.pages.card_forms import TestForm
from messaging.pages.card_preview import measure_address
from messaging.pages.cards import binding_of
from messaging.pages.chat import LONGEST_FORM
from messaging.services.cards import setting_up
from messaging.services.chat import pictures
from stores.backoffice.pages import staff_page, staff_user
from stores.conflicts import Conflict
from stores.platforms.reading import MAX_INT64
from stores.platforms.tools import as_conflicts
from stores.roles import Permission
from stores.web.uploads import longer_form


@longer_form(LONGEST_FORM)
@staff_page
@require_http_methods(["GET", "HEAD", "POST"])
def measure(request: HttpRequest, pk: int, kind: int) -> HttpResponse:
    """The picture of a measure; a POST has another one as its body."""
    if kind not in Measure.values:
        raise Http404
    if request.method != "POST":
        rows = CardMeasure.objects.filter(card__binding=binding_of(request, pk), kind=kind)
        return _jpeg(get_object_or_404(rows.exclude(picture="")).content)
    binding = binding_of(request, pk, Permission.MANAGE_STORES)
    content = request.read(pictures.MOST_BYTES + 1)

    def uploaded() -> dict[str, Any]:
        setting_up.measure_picture(
            binding=binding, kind=Measure(kind), content=content, actor=staff_user(request)
        )
        return {"picture": measure_address(setting_up.card_of(binding), kind)}

    return _answer(uploaded)


@longer_form(LONGEST_FORM)
@staff_page
@require_POST
def test_add(request: HttpRequest, pk: int) -> HttpResponse:
    """Takes the picture of a test as the body, its day and note in the address."""
    binding = binding_of(request, pk, Permission.MANAGE_STORES)
    form = TestForm(request.GET)
    if not form.is_valid():
        reasons = [str(text) for errors in form.errors.values() for text in errors]
        return JsonResponse({"trouble": " ".join(reasons)}, status=409)
    day, note = form.given()
    content = request.read(pictures.MOST_BYTES + 1)

    def uploaded() -> dict[str, Any]:
        row = setting_up.test_add(
            binding=binding, day=day, note=note, content=content, actor=staff_user(request)
        )
        context = {"test": row, "binding": binding}
        return {"html": render_to_string("messaging/_card_test.html", context, request)}

    return _answer(uploaded)


@staff_page
@require_safe
def test_picture(request: HttpRequest, pk: int, test: int) -> HttpResponse:
    return _jpeg(_test(request, pk, test).content)


@staff_page
@require_POST
def test_remove(request: HttpRequest, pk: int, test: int) -> HttpResponse:
    binding_of(request, pk, Permission.MANAGE_STORES)
    setting_up.test_remove(row=_test(request, pk, test), actor=staff_user(request))
    return JsonResponse({})


def _test(request: HttpRequest, pk: int, test: int) -> CardTest:
    if test > MAX_INT64:
        raise Http404
    rows = CardTest.objects.filter(card__binding=binding_of(request, pk))
    return get_object_or_404(rows.select_related("card__binding__store"), pk=test)


def _answer(upload: Callable[[], dict[str, Any]]) -> JsonResponse:
    try:
        with as_conflicts():
            return JsonResponse(upload())
    except Conflict as conflict:
        return JsonResponse({"trouble": str(conflict.reason)}, status=409)


def _jpeg(content: Any) -> HttpResponse:
    answer = HttpResponse(bytes(content), content_type="image/jpeg")
    answer["Content-Disposition"] = "inline"
    return answer
