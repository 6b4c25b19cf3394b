"""The interfaces that Meituan calls. Their paths are signed, so none ends in a slash and none is ever redirected."""

from django.urls import URLPattern, path, re_path

from trip import webhooks
from trip.pages import pictures
from trip.webhooks import TripEndpoint

app_name = "trip"
# The name of a route is its path with dashes: reverse("trip:support-heartbeat", args=[connection.pk]).
INTERFACES: dict[str, type[TripEndpoint]] = {
    "order/create": webhooks.Create,
    "order/pay": webhooks.Pay,
    "order/query": webhooks.Query,
    "order/refund": webhooks.Refund,
    "order/refunded": webhooks.Refunded,
    "order/close": webhooks.Close,
    "product/list": webhooks.Products,
    "product/price": webhooks.Prices,
    "product/audit": webhooks.Listing,
    "poi/list": webhooks.Places,
    "support/heartbeat": webhooks.Heartbeat,
    "support/balance": webhooks.Balance,
}
urlpatterns: list[URLPattern] = [
    *(
        path(f"trip/<int:connection_id>/{below}", endpoint.as_view(), name=below.replace("/", "-"))
        for below, endpoint in INTERFACES.items()
    ),
    path("trip/vouchers/<str:token>.png", pictures.voucher_picture, name="voucher-picture"),
    re_path(r"^trip/[0-9]{1,19}(?:/[\s\S]*)?\Z", webhooks.unknown_interface),
]
