"""URLs of the addresses that Meituan pushes to, and of what it fetches."""

from django.urls import URLPattern, path

from messaging.addresses import ADDRESSES
from messaging.webhooks.endpoints import ENDPOINTS
from messaging.webhooks.pictures import chat_picture

app_name = "takeaway"
BY_KIND = {endpoint.kind: endpoint for endpoint in ENDPOINTS}
_PUSHES = [
    path(
        f"takeaway/<int:connection_id>/{each.path}",
        BY_KIND[each.kind].as_view(),
        name=each.route,
    )
    for each in ADDRESSES
]
urlpatterns: list[URLPattern] = [
    *_PUSHES,
    path("takeaway/pictures/<str:slug>.jpg", chat_picture, name="chat-picture"),
]
