from django.urls import path

from trip.api import views

app_name = "trip-api"
urlpatterns = [
    path("orders/", views.Orders.as_view(), name="orders"),
    path("orders/<int:order_id>/", views.OrderDetail.as_view(), name="order"),
    path("orders/<int:order_id>/issue/", views.Issue.as_view(), name="issue"),
    path("orders/<int:order_id>/consume/", views.Consume.as_view(), name="consume"),
    # Meituan's refund numbers are opaque: they may contain any characters, even slashes.
    path("orders/<int:order_id>/refunds/<path:refund_id>/", views.Decide.as_view(), name="refund"),
]
