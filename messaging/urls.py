"""URLs of the addresses that Meituan pushes to."""

from django.urls import URLPattern, path

from messaging.addresses import ADDRESSES
from messaging.webhooks.endpoints import ENDPOINTS

app_name = "takeaway"
BY_KIND = {endpoint.kind: endpoint for endpoint in ENDPOINTS}
urlpatterns: list[URLPattern] = [
    path(
        f"takeaway/<int:connection_id>/{each.path}",
        BY_KIND[each.kind].as_view(),
        name=each.route,
    )
    for each in ADDRESSES
]
