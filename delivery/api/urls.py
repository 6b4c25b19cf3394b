from django.urls import path

from delivery.api import views

app_name = "delivery-api"
urlpatterns = [
    path("stores/<int:store_id>/deliveries/", views.Create.as_view(), name="create"),
    path("deliveries/", views.Deliveries.as_view(), name="deliveries"),
    path("deliveries/<int:pk>/", views.DeliveryDetail.as_view(), name="delivery"),
    path("deliveries/<int:pk>/quotes/", views.Quotes.as_view(), name="quotes"),
    path("deliveries/<int:pk>/dispatch/", views.Dispatch.as_view(), name="dispatch"),
    path("deliveries/<int:pk>/tip/", views.Tip.as_view(), name="tip"),
    path("deliveries/<int:pk>/cancel/", views.Cancel.as_view(), name="cancel"),
    path("deliveries/<int:pk>/ready/", views.Ready.as_view(), name="ready"),
    path("deliveries/<int:pk>/confirm-return/", views.ConfirmReturn.as_view(), name="return"),
]
