from django.urls import path

from messaging.api import views

app_name = "takeaway-api"
urlpatterns = [
    path("orders/", views.Orders.as_view(), name="orders"),
    path("orders/<int:order_id>/", views.OrderDetail.as_view(), name="order"),
    path("orders/<int:order_id>/accept/", views.Accept.as_view(), name="accept"),
    path("orders/<int:order_id>/cancel/", views.Cancel.as_view(), name="cancel"),
    path("orders/<int:order_id>/ready/", views.Ready.as_view(), name="ready"),
    path("orders/<int:order_id>/refund-decision/", views.Decide.as_view(), name="decide"),
]
