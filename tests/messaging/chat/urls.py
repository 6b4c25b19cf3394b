"""The platform's addresses under their names, for tests without the rest of the product."""

from django.urls import include, path

urlpatterns = [path("", include("messaging.urls"))]
