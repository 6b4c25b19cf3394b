"""The addresses of all pages and routes."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path, re_path
from drf_spectacular.views import SpectacularAPIView

from stores.api.docs import ApiDocs
from stores.api.views import no_such_route

urlpatterns: list[URLPattern | URLResolver] = [
    # First what other systems call most.
    path("api/v1/", include("coupons.api.urls")),
    path("api/v1/trip/", include("trip.api.urls")),
    path("api/v1/takeaway/", include("messaging.api.urls")),
    path("api/v1/conversations/", include("messaging.api.chat_urls")),
    path("api/v1/", include("delivery.api.urls")),
    path("api/schema/", SpectacularAPIView.as_view(), name="schema"),
    path("api/docs/", ApiDocs.as_view(url_name="schema"), name="api-docs"),
    re_path(r"^api/", no_such_route),
    path("", include("trip.urls")),
    path("", include("messaging.urls")),
    path("", include("delivery.urls")),
    path("", include("stores.urls")),
    path("", include("coupons.urls")),
    path("i18n/", include("django.conf.urls.i18n")),
    path("admin/", admin.site.urls),
]

handler400 = "stores.web.errors.bad_request"
handler403 = "stores.web.errors.forbidden"
handler404 = "stores.web.errors.not_found"
handler500 = "stores.web.errors.server_error"
