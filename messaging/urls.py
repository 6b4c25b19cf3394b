"""URLs of the addresses that Meituan pushes to, of what it fetches, and of the order desk."""

from django.urls import URLPattern, path

from messaging.addresses import ADDRESSES
from messaging.pages import desk
from messaging.webhooks.endpoints import ENDPOINTS
from messaging.webhooks.pictures import chat_picture

app_name = "takeaway"
BY_KIND = {endpoint.kind: endpoint for endpoint in ENDPOINTS}
urlpatterns: list[URLPattern] = [
    *(
        path(
            f"takeaway/<int:connection_id>/{each.path}",
            BY_KIND[each.kind].as_view(),
            name=each.route,
        )
        for each in ADDRESSES
    ),
    path("takeaway/pictures/<str:slug>.jpg", chat_picture, name="chat-picture"),
    path("takeaway/desk/", desk.desk, name="desk"),
    path("takeaway/desk/live/", desk.live, name="desk-live"),
    path("takeaway/desk/<int:pk>/<slug:verb>/", desk.act, name="desk-act"),
]
