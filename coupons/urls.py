"""URLs of the guest's page, the poster and the batches of coupons."""

from django.urls import URLPattern, URLResolver, path, re_path

from coupons.pages import batches, guest, poster

app_name = "coupons"
urlpatterns: list[URLPattern | URLResolver] = [
    path("g/<slug:guest_slug>/", guest.start, name="guest"),
    path("g/<slug:guest_slug>/coupon/<str:token>/", guest.coupon, name="guest-coupon"),
    path("g/<slug:guest_slug>/result/<str:token>/", guest.result, name="guest-result"),
    path("g/<slug:guest_slug>/poster/", poster.poster_page, name="poster-page"),
    re_path(r"^g/(?P<guest_slug>[-\w]+)/poster\.(?P<form>svg|pdf)$", poster.poster, name="poster"),
    path("counter/poster/", poster.poster_here, name="poster-here"),
    path("counter/batches/", batches.batches, name="batches"),
    path("counter/batches/<int:pk>/", batches.batch, name="batch"),
]
