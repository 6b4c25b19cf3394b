"""The printable QR code of a store's guest page.

The browser that prints sets the Chinese text, because it has the fonts; the PDF contains only the
QR code.
"""

import io
import unicodedata

import segno
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from stores.backoffice.pages import current_store, no_store, staff_page, staff_user, stores_at_work
from stores.models import Store

QUIET = 4
# Millimetres on an A5 sheet (148 × 210).
SHEET_WIDTH, QR_WIDTH = 148, 96
NAME_WIDTH, NAME_SIZE = 128, 13


def guest_url(store: Store) -> str:
    return settings.PUBLIC_BASE_URL + reverse("coupons:guest", args=[store.guest_slug])


@staff_page
@require_safe
def poster_page(request: HttpRequest, guest_slug: str) -> HttpResponse:
    """Shows the sheet, with a button that prints it."""
    store = _store(request, guest_slug)
    return render(request, "coupons/poster.html", _context(store))


@staff_page
@require_safe
def poster(request: HttpRequest, guest_slug: str, form: str) -> HttpResponse:
    """Returns the whole sheet (`svg`), or the QR code alone for the merchant's own design
    (`pdf`).
    """
    store = _store(request, guest_slug)
    if form == "svg":
        return render(
            request,
            "coupons/poster.svg",
            _context(store),
            content_type="image/svg+xml; charset=utf-8",
        )
    out = io.BytesIO()
    _code(store).save(out, kind="pdf", scale=12, border=QUIET)
    name = f"qr-{store.pk}.pdf"
    return HttpResponse(
        out.getvalue(),
        content_type="application/pdf",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


@staff_page
@require_safe
def poster_here(request: HttpRequest) -> HttpResponse:
    """Redirects to the poster of the counter's present store."""
    store = current_store(request, stores_at_work(staff_user(request)))
    if store is None:
        return no_store(request)
    return redirect("coupons:poster-page", store.guest_slug)


def _store(request: HttpRequest, guest_slug: str) -> Store:
    return get_object_or_404(Store.objects.for_staff(request.user), guest_slug=guest_slug)


def _code(store: Store) -> segno.QRCode:
    return segno.make(guest_url(store), error="m", micro=False)


def _context(store: Store) -> dict[str, object]:
    code = _code(store)
    modules = code.symbol_size(border=QUIET)[0]
    # XML forbids control characters.
    name = "".join(char for char in store.name if unicodedata.category(char) != "Cc")
    return {
        "store": store,
        "name": name,
        "name_size": f"{min(NAME_SIZE, NAME_WIDTH / max(1, _width(name))):.2f}",
        "url": guest_url(store),
        "path": _path(code),
        "scale": f"{QR_WIDTH / modules:.4f}",
        "offset": f"{(SHEET_WIDTH - QR_WIDTH) / 2:.1f}",
    }


def _path(code: segno.QRCode) -> str:
    """Returns the dark modules as one SVG path, one unit each, with the quiet zone."""
    rows = enumerate(code.matrix_iter(border=QUIET))
    return "".join(f"M{x} {y}h1v1h-1z" for y, row in rows for x, dark in enumerate(row) if dark)


def _width(text: str) -> float:
    """Returns the width in ems: a Chinese character is 1 wide, others about 0.6."""
    return sum(1.0 if unicodedata.east_asian_width(char) in "WF" else 0.6 for char in text)
