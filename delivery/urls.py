"""URLs of the addresses that WeChat pushes to, and of the pages."""

from django.urls import URLPattern, path

from delivery.pages import (
    authorising,
    bills,
    board,
    board_all,
    correcting,
    doctor,
    entry,
    figures,
    importing,
    tracking,
)
from delivery.webhooks.endpoints import ProviderPush, ShopPush

app_name = "delivery"
urlpatterns: list[URLPattern] = [
    path("d/<str:slug>/", tracking.track, name="track"),
    path("wechat/<int:connection_id>/push/", ShopPush.as_view(), name="push"),
    path("wechat/<int:connection_id>/push/<str:appid>/", ShopPush.as_view(), name="push-of"),
    path("wechat/<int:connection_id>/tickets/", ProviderPush.as_view(), name="tickets"),
    path("wechat/new/", entry.new, name="new"),
    path("wechat/new/table/", importing.orders, name="import"),
    path("wechat/new/table/file/", importing.read_file, name="import-file"),
    path("wechat/new/table/template.csv", importing.template, name="import-template"),
    path("wechat/stores/<int:pk>/doctor/", doctor.doctor, name="doctor"),
    path("wechat/authorise/", authorising.authorise, name="authorise"),
    path("wechat/authorised/", authorising.authorised, name="authorised"),
    path("wechat/figures/", figures.page, name="figures"),
    path("wechat/bills/", bills.bills, name="bills"),
    path("wechat/bills/upload/<int:courier>/", bills.upload, name="bill-upload"),
    path("wechat/bills/<int:pk>/", bills.bill, name="bill"),
    path("wechat/bills/<int:pk>/remove/", bills.remove, name="bill-remove"),
    path("wechat/bills/<int:pk>/claim.csv", bills.claim, {"kind": "csv"}, name="bill-csv"),
    path("wechat/bills/<int:pk>/claim.xlsx", bills.claim, {"kind": "xlsx"}, name="bill-xlsx"),
    path("wechat/board/", board.board, name="board"),
    path("wechat/board/live/", board.live, name="board-live"),
    path("wechat/board/all/", board_all.call_all, name="board-all"),
    path("wechat/board/stores/<int:pk>/resume/", board.resume, name="board-resume"),
    path("wechat/board/<int:pk>/correct/", correcting.correct, name="correct"),
    path("wechat/board/<int:pk>/<slug:verb>/", board.act, name="board-act"),
]
