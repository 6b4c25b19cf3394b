"""The QR code of a voucher as a picture, for Meituan and the buyer; anyone who has the address may
see it.
"""

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from stores.web.addresses import client_network
from stores.web.limits import Limit, take
from stores.web.problems import titles
from trip.services import pictures

# Meituan's servers fetch many pictures from few addresses, and a signature cannot be guessed
# anyway.
PER_ADDRESS = Limit("voucher-pictures", 600, 60)


@require_safe
def voucher_picture(request: HttpRequest, token: str) -> HttpResponse:
    """Returns a PNG; 404 for an address that we did not make."""
    taken = take(PER_ADDRESS, client_network(request))
    if not taken.allowed:
        headers = {"Retry-After": str(taken.retry_after)}
        return HttpResponse(
            titles()["too_many_tries"], status=429, headers=headers, content_type="text/plain"
        )
    return _picture(request, token)


@cache_control(private=True, max_age=86_400, immutable=True)
def _picture(request: HttpRequest, token: str) -> HttpResponse:
    voucher = pictures.voucher_of(token)
    if voucher is None:
        raise Http404
    return HttpResponse(pictures.draw(voucher), content_type="image/png")
