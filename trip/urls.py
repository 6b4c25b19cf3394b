"""URLs of the interfaces that Meituan calls. The paths are part of the signature, so none is
redirected.
"""

from django.urls import URLPattern, path, re_path

from trip import webhooks
from trip.addresses import INTERFACES
from trip.pages import pictures
from trip.webhooks import TripEndpoint

app_name = "trip"
ENDPOINTS: dict[str, type[TripEndpoint]] = {
    "create": webhooks.Create,
    "pay": webhooks.Pay,
    "query": webhooks.Query,
    "refund": webhooks.Refund,
    "close": webhooks.Close,
    "refunded": webhooks.Refunded,
    "products": webhooks.Products,
    "prices": webhooks.Prices,
    "audit": webhooks.Listing,
    "pois": webhooks.Places,
    "heartbeat": webhooks.Heartbeat,
    "balance": webhooks.Balance,
}
urlpatterns: list[URLPattern] = [
    *(
        path(
            f"trip/<int:connection_id>/{each.path}", ENDPOINTS[each.name].as_view(), name=each.route
        )
        for each in INTERFACES
    ),
    path("trip/vouchers/<path:token>.png", pictures.voucher_picture, name="voucher-picture"),
    re_path(r"^trip/", webhooks.unknown_interface),
]
