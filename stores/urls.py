from django.urls import URLPattern, path

from stores.counter import live, pages

urlpatterns: list[URLPattern] = [
    path("", pages.home, name="home"),
    path("counter/", pages.counter, name="counter"),
    path("counter/live/", live.live, name="counter-live"),
    path("counter/store/", pages.choose_store, name="counter-store"),
    path("counter/result/<slug:kind>/<slug:key>/", pages.scan_result, name="counter-result"),
]
