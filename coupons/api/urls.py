from django.urls import path

from coupons.api import views

app_name = "api"
urlpatterns = [
    path("stores/", views.Stores.as_view(), name="stores"),
    path("stores/<int:store_id>/products/", views.Products.as_view(), name="products"),
    path("stores/<int:store_id>/lookups/", views.Lookups.as_view(), name="lookups"),
    path(
        "stores/<int:store_id>/verifications/",
        views.StoreVerifications.as_view(),
        name="store-verifications",
    ),
    path(
        "stores/<int:store_id>/verification-batches/",
        views.Batches.as_view(),
        name="verification-batches",
    ),
    path("lookups/<int:pk>/", views.LookupDetail.as_view(), name="lookup"),
    path("verifications/", views.Verifications.as_view(), name="verifications"),
    path("verifications/<int:pk>/", views.VerificationDetail.as_view(), name="verification"),
    path("verification-batches/<int:pk>/", views.BatchDetail.as_view(), name="verification-batch"),
]
