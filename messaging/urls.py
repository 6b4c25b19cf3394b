"""URLs of the addresses that Meituan pushes to, of what it fetches, and of its pages."""

from django.urls import URLPattern, path

from messaging.addresses import ADDRESSES
from messaging.pages import (
    blocking,
    card_pictures,
    cards,
    chat,
    desk,
    leftovers,
    look,
    part_refund,
    printing,
    pulse,
    rates,
    searching,
)
from messaging.webhooks.endpoints import ENDPOINTS
from messaging.webhooks.pictures import chat_picture

app_name = "takeaway"
BY_KIND = {endpoint.kind: endpoint for endpoint in ENDPOINTS}
urlpatterns: list[URLPattern] = [
    *(
        path(
            f"takeaway/<int:connection_id>/{each.path}",
            BY_KIND[each.kind].as_view(),
            name=each.route,
        )
        for each in ADDRESSES
    ),
    path("takeaway/pictures/<str:slug>.jpg", chat_picture, name="chat-picture"),
    path("takeaway/pulse/", pulse.pulse, name="pulse"),
    path("takeaway/chat/", chat.chats, name="chat"),
    path("takeaway/chat/news/", chat.news, name="chat-news"),
    path("takeaway/chat/search/", searching.found, name="chat-search"),
    path("takeaway/chat/rate/", rates.rate, name="chat-rate"),
    path("takeaway/chat/<int:pk>/", chat.chats, name="talk"),
    path("takeaway/chat/<int:pk>/earlier/", chat.earlier, name="talk-earlier"),
    path("takeaway/chat/<int:pk>/send/", chat.send, name="talk-send"),
    path("takeaway/chat/<int:pk>/picture/", chat.send_picture, name="talk-picture"),
    path("takeaway/chat/<int:pk>/here/", chat.here, name="talk-here"),
    path("takeaway/chat/<int:pk>/dismiss/", chat.dismiss, name="talk-dismiss"),
    path("takeaway/chat/<int:pk>/block/", blocking.block, name="talk-block"),
    path("takeaway/chat/<int:pk>/unblock/", blocking.unblock, name="talk-unblock"),
    path("takeaway/chat/<int:pk>/evidence/", blocking.evidence, name="talk-evidence"),
    path("takeaway/cards/", cards.cards, name="cards"),
    path("takeaway/cards/<int:pk>/", cards.card, name="card"),
    path("takeaway/cards/<int:pk>/set-up/", cards.set_up, name="card-set-up"),
    path("takeaway/cards/<int:pk>/check/", cards.check, name="card-check"),
    path("takeaway/cards/<int:pk>/chat-on/", cards.chat_on, name="card-chat-on"),
    path(
        "takeaway/cards/<int:pk>/measures/<int:kind>/", card_pictures.measure, name="card-measure"
    ),
    path("takeaway/cards/<int:pk>/tests/", card_pictures.test_add, name="card-test-add"),
    path("takeaway/cards/<int:pk>/tests/<int:test>/", card_pictures.test_picture, name="card-test"),
    path(
        "takeaway/cards/<int:pk>/tests/<int:test>/remove/",
        card_pictures.test_remove,
        name="card-test-remove",
    ),
    path("takeaway/desk/", desk.desk, name="desk"),
    path("takeaway/desk/live/", desk.live, name="desk-live"),
    path("takeaway/stores/<int:pk>/look/", look.look, name="look"),
    path("takeaway/desk/old-receipts/", leftovers.old_receipts, name="old-receipts"),
    path("takeaway/desk/<int:pk>/print/", printing.print_order, name="print-order"),
    path("takeaway/desk/<int:pk>/refund/", part_refund.part_refund, name="part-refund"),
    path("takeaway/desk/<int:pk>/<slug:verb>/", desk.act, name="desk-act"),
]
