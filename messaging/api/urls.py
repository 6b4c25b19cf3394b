from django.urls import path

from messaging.api import printing_views, views

app_name = "takeaway-api"
urlpatterns = [
    path("orders/", views.Orders.as_view(), name="orders"),
    path("orders/<int:number>/", views.OrderDetail.as_view(), name="order"),
    path("orders/<int:number>/accept/", views.Accept.as_view(), name="accept"),
    path("orders/<int:number>/cancel/", views.Cancel.as_view(), name="cancel"),
    path("orders/<int:number>/ready/", views.Ready.as_view(), name="ready"),
    path("orders/<int:number>/refund-decision/", views.Decide.as_view(), name="decide"),
    path("printers/", printing_views.Printers.as_view(), name="printers"),
    path(
        "printers/<int:printer>/next-receipt/",
        printing_views.NextReceipt.as_view(),
        name="next-receipt",
    ),
    path("receipts/<int:receipt>/report/", printing_views.Report.as_view(), name="report"),
]
