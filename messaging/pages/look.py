"""How a store's receipts would look with settings that are not saved yet."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_POST

from messaging.models import TakeawayStore
from messaging.models.stores import LONGEST_LINE
from messaging.services.printing.rendering import look_of
from stores.backoffice.pages import staff_page, staff_user
from stores.text import clean_text

LINES, SWITCHES = ("head_line", "foot_line"), ("big_dishes", "kitchen_prices")


@staff_page
@require_POST
def look(request: HttpRequest, pk: int) -> HttpResponse:
    """Answers with the previews of a sample order; nothing is saved."""
    rows = TakeawayStore.objects.for_staff(staff_user(request)).select_related("store")
    binding = get_object_or_404(rows, pk=pk)
    for name in LINES:
        setattr(binding, name, clean_text(request.POST.get(name, ""), LONGEST_LINE))
    for name in SWITCHES:
        setattr(binding, name, name in request.POST)
    return render(request, "messaging/_looks.html", look_of(binding))
