"""Every page outside the lists of the back office and the API: its address, and who may open it."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from coupons.pages.batches import read_list
from tests.contract.kinds import Side
from tests.contract.two_merchants import World
from tests.delivery.factories import DeliveryFactory

Made = Callable[[World], str]


@dataclass(frozen=True)
class Page:
    """`answers` are the statuses of a GET for each of ROLES. `theirs` is the address with another
    merchant's id, which the owner may not know. `forms` are sent by the owner with another's ids.
    """

    address: Made
    answers: tuple[int, ...]
    theirs: Made | None = None
    forms: tuple[Callable[[World], dict[str, Any]], ...] = ()


def at(path: str) -> Made:
    return lambda made: path


def their_store(made: World) -> dict[str, Any]:
    return {"store": made.theirs.store.pk}


def scan_in_their_store(made: World) -> dict[str, Any]:
    return {"store": made.theirs.store.pk, "text": "7000 1234 5678"}


def batch_in_their_store(made: World) -> dict[str, Any]:
    code = "700012345678"
    return {"store": made.theirs.store.pk, "codes": code, "confirmed": read_list(code).seal}


def old_receipts(made: World) -> dict[str, Any]:
    """Another's receipts in the form of an own store."""
    paper = made.theirs.rows["messaging.PrintJob"].pk
    return {"store": made.mine.store.pk, "shown": [paper], "print": [paper]}


def verification(made: World) -> str:
    return f"counter/result/coupon/{made.mine.rows['coupons.Verification'].pk}/"


def place_of(side: Side) -> int:
    """The side's store that sends."""
    return int(side.rows["delivery.DeliveryStore"].pk)


def waiting_of(side: Side) -> int:
    """A delivery of the side for which nobody is called."""
    place: Any = side.rows["delivery.DeliveryStore"]
    return int(DeliveryFactory(store=place.store).pk)


def talk(side: Side) -> str:
    """The address of the side's conversation."""
    return f"takeaway/chat/{side.rows['messaging.Conversation'].pk}/"


CHAT_ACTS = ("send", "picture", "here", "dismiss", "unblock", "evidence")


def card_page(path: str, answers: tuple[int, ...]) -> Page:
    """A page below the safety card of each side's takeaway store."""

    def address(side: Side) -> str:
        test = side.rows["messaging.CardTest"].pk
        binding = side.rows["messaging.TakeawayStore"].pk
        return f"takeaway/cards/{binding}/{path.format(test=test)}"

    return Page(lambda made: address(made.mine), answers, lambda made: address(made.theirs))


def chat_act(act: str) -> Page:
    return Page(
        lambda made: f"{talk(made.mine)}{act}/", POSTED, lambda made: f"{talk(made.theirs)}{act}/"
    )


def first_message(side: Side) -> int:
    rows: Any = side.rows["messaging.Conversation"]
    return int(rows.messages.get().pk)


def bill_page(side: Side, path: str) -> str:
    """The address of a page of the side's courier's bill, or of the upload of one."""
    if path == "upload":
        return f"wechat/bills/upload/{side.rows['delivery.StoreCourier'].pk}/"
    return f"wechat/bills/{side.rows['delivery.Bill'].pk}/{path}"


EVERYBODY, NOBODY_THERE, LED_AWAY = (200,) * 6, (404,) * 6, (302,) * 6
STAFF = (200, 200, 200, 200, 200, 302)
# Only for posts; who is not signed in is led to the sign-in first.
POSTED = (405, 405, 405, 405, 405, 302)
OWN = (200, 200, 200, 404, 200, 302)
# What couriers charge is nothing for clerks.
MONEY, OWN_MONEY = (403, 200, 200, 200, 200, 302), (403, 200, 200, 404, 200, 302)
PAGES: dict[str, Page] = {
    "": Page(at(""), LED_AWAY),
    "counter/": Page(at("counter/"), STAFF, forms=(their_store, scan_in_their_store)),
    "counter/live/": Page(
        lambda made: f"counter/live/?store={made.mine.store.pk}",
        OWN,
        lambda made: f"counter/live/?store={made.theirs.store.pk}",
    ),
    "counter/store/": Page(at("counter/store/"), POSTED, forms=(their_store,)),
    "counter/result/<slug:kind>/<slug:key>/": Page(
        verification,
        OWN,
        lambda made: f"counter/result/coupon/{made.theirs.rows['coupons.Verification'].pk}/",
    ),
    "counter/poster/": Page(at("counter/poster/"), LED_AWAY, forms=(their_store,)),
    "counter/batches/": Page(
        at("counter/batches/"), STAFF, forms=(their_store, batch_in_their_store)
    ),
    "counter/batches/<int:pk>/": Page(
        lambda made: f"counter/batches/{made.mine.rows['coupons.Batch'].pk}/",
        OWN,
        lambda made: f"counter/batches/{made.theirs.rows['coupons.Batch'].pk}/",
    ),
    "g/<slug:guest_slug>/": Page(lambda made: f"g/{made.mine.store.guest_slug}/", EVERYBODY),
    "g/<slug:guest_slug>/coupon/<str:token>/": Page(
        lambda made: f"g/{made.mine.store.guest_slug}/coupon/forged/", NOBODY_THERE
    ),
    "g/<slug:guest_slug>/result/<str:token>/": Page(
        lambda made: f"g/{made.mine.store.guest_slug}/result/forged/", NOBODY_THERE
    ),
    "g/<slug:guest_slug>/poster/": Page(
        lambda made: f"g/{made.mine.store.guest_slug}/poster/",
        OWN,
        lambda made: f"g/{made.theirs.store.guest_slug}/poster/",
    ),
    r"^g/(?P<guest_slug>[-\w]+)/poster\.(?P<form>svg|pdf)$": Page(
        lambda made: f"g/{made.mine.store.guest_slug}/poster.svg",
        OWN,
        lambda made: f"g/{made.theirs.store.guest_slug}/poster.pdf",
    ),
    "i18n/setlang/": Page(at("i18n/setlang/"), LED_AWAY),
    "api/schema/": Page(at("api/schema/"), EVERYBODY),
    "api/docs/": Page(at("api/docs/"), EVERYBODY),
    "^api/": Page(at("api/nothing/"), NOBODY_THERE),
    "trip/vouchers/<path:token>.png": Page(at("trip/vouchers/forged.png"), NOBODY_THERE),
    "takeaway/pulse/": Page(at("takeaway/pulse/"), STAFF),
    "takeaway/desk/old-receipts/": Page(
        at("takeaway/desk/old-receipts/"), STAFF, forms=(their_store, old_receipts)
    ),
    "takeaway/desk/<int:pk>/refund/": Page(
        lambda made: f"takeaway/desk/{made.mine.rows['messaging.Order'].pk}/refund/",
        # Only who may refund.
        (403, 200, 200, 404, 200, 302),
        lambda made: f"takeaway/desk/{made.theirs.rows['messaging.Order'].pk}/refund/",
    ),
    "takeaway/desk/<int:pk>/print/": Page(
        lambda made: f"takeaway/desk/{made.mine.rows['messaging.Order'].pk}/print/",
        OWN,
        lambda made: f"takeaway/desk/{made.theirs.rows['messaging.Order'].pk}/print/",
    ),
    "takeaway/desk/": Page(at("takeaway/desk/"), STAFF),
    "takeaway/desk/live/": Page(at("takeaway/desk/live/"), STAFF),
    "takeaway/desk/<int:pk>/<slug:verb>/": Page(
        lambda made: f"takeaway/desk/{made.mine.rows['messaging.Order'].pk}/accept/",
        POSTED,
        lambda made: f"takeaway/desk/{made.theirs.rows['messaging.Order'].pk}/accept/",
    ),
    "takeaway/stores/<int:pk>/look/": Page(
        lambda made: f"takeaway/stores/{made.mine.rows['messaging.TakeawayStore'].pk}/look/",
        POSTED,
        lambda made: f"takeaway/stores/{made.theirs.rows['messaging.TakeawayStore'].pk}/look/",
    ),
    "takeaway/chat/": Page(at("takeaway/chat/"), STAFF),
    "takeaway/chat/news/": Page(at("takeaway/chat/news/"), (204, 204, 204, 204, 204, 302)),
    "takeaway/chat/search/": Page(
        lambda made: f"takeaway/chat/search/?q=words&store={made.mine.store.pk}",
        OWN,
        lambda made: f"takeaway/chat/search/?q=words&store={made.theirs.store.pk}",
    ),
    "takeaway/chat/rate/": Page(
        lambda made: f"takeaway/chat/rate/?store={made.mine.store.pk}",
        OWN,
        lambda made: f"takeaway/chat/rate/?store={made.theirs.store.pk}",
        forms=(their_store,),
    ),
    "takeaway/chat/<int:pk>/": Page(
        lambda made: talk(made.mine), OWN, lambda made: talk(made.theirs)
    ),
    "takeaway/chat/<int:pk>/earlier/": Page(
        lambda made: f"{talk(made.mine)}earlier/?before={first_message(made.mine)}",
        OWN,
        lambda made: f"{talk(made.theirs)}earlier/?before={first_message(made.theirs)}",
    ),
    "takeaway/chat/<int:pk>/block/": Page(
        lambda made: f"{talk(made.mine)}block/", OWN, lambda made: f"{talk(made.theirs)}block/"
    ),
    **{f"takeaway/chat/<int:pk>/{act}/": chat_act(act) for act in CHAT_ACTS},
    "takeaway/cards/": Page(at("takeaway/cards/"), (302, 302, 200, 302, 200, 302)),
    "takeaway/cards/<int:pk>/": card_page("", OWN),
    "takeaway/cards/<int:pk>/set-up/": card_page("set-up/", (403, 200, 200, 404, 200, 302)),
    "takeaway/cards/<int:pk>/check/": card_page("check/", POSTED),
    "takeaway/cards/<int:pk>/chat-on/": card_page("chat-on/", POSTED),
    "takeaway/cards/<int:pk>/measures/<int:kind>/": card_page("measures/1/", OWN),
    "takeaway/cards/<int:pk>/tests/": card_page("tests/", POSTED),
    "takeaway/cards/<int:pk>/tests/<int:test>/": card_page("tests/{test}/", OWN),
    "takeaway/cards/<int:pk>/tests/<int:test>/remove/": card_page("tests/{test}/remove/", POSTED),
    "takeaway/pictures/<str:slug>.jpg": Page(at("takeaway/pictures/forged.jpg"), NOBODY_THERE),
    "d/<str:slug>/": Page(at("d/forged/"), NOBODY_THERE),
    # Only who may connect accounts.
    "wechat/authorise/": Page(
        at("wechat/authorise/"),
        (403, 403, 200, 200, 200, 302),
        forms=(
            lambda made: {"merchant": made.theirs.merchant.pk},
            lambda made: {"merchant": made.mine.merchant.pk, "appid": "1"},
        ),
    ),
    "wechat/new/": Page(at("wechat/new/"), STAFF, forms=(their_store,)),
    "wechat/board/<int:pk>/correct/": Page(
        lambda made: f"wechat/board/{waiting_of(made.mine)}/correct/",
        OWN,
        lambda made: f"wechat/board/{waiting_of(made.theirs)}/correct/",
    ),
    "wechat/new/table/": Page(at("wechat/new/table/"), STAFF, forms=(their_store,)),
    "wechat/new/table/file/": Page(at("wechat/new/table/file/"), POSTED),
    "wechat/new/table/template.csv": Page(at("wechat/new/table/template.csv"), STAFF),
    "wechat/board/": Page(at("wechat/board/"), STAFF),
    "wechat/board/live/": Page(at("wechat/board/live/"), STAFF),
    "wechat/board/all/": Page(at("wechat/board/all/"), STAFF, forms=(their_store,)),
    "wechat/board/stores/<int:pk>/resume/": Page(
        lambda made: f"wechat/board/stores/{place_of(made.mine)}/resume/",
        POSTED,
        lambda made: f"wechat/board/stores/{place_of(made.theirs)}/resume/",
    ),
    "wechat/board/<int:pk>/<slug:verb>/": Page(
        at("wechat/board/1/ready/"),
        POSTED,
        lambda made: f"wechat/board/{DeliveryFactory(store=made.theirs.store).pk}/ready/",
    ),
    # Only who may set up the store.
    "wechat/stores/<int:pk>/doctor/": Page(
        lambda made: f"wechat/stores/{made.mine.rows['delivery.DeliveryStore'].pk}/doctor/",
        (403, 200, 200, 404, 200, 302),
        lambda made: f"wechat/stores/{made.theirs.rows['delivery.DeliveryStore'].pk}/doctor/",
    ),
    "wechat/authorised/": Page(at("wechat/authorised/?state=forged&auth_code=1"), STAFF),
    "^trip/": Page(at("trip/nothing"), EVERYBODY),
    "admin/": Page(at("admin/"), STAFF),
    "admin/me/": Page(at("admin/me/"), STAFF),
    "admin/search/": Page(at("admin/search/?s=a"), STAFF),
    "wechat/figures/": Page(
        lambda made: f"wechat/figures/?store={made.mine.store.pk}",
        OWN_MONEY,
    ),
    "wechat/bills/": Page(at("wechat/bills/"), MONEY),
    "wechat/bills/upload/<int:courier>/": Page(
        lambda made: bill_page(made.mine, "upload"),
        POSTED,
        lambda made: bill_page(made.theirs, "upload"),
    ),
    **{
        f"wechat/bills/<int:pk>/{path}": Page(
            partial(lambda made, path: bill_page(made.mine, path), path=path),
            answers,
            partial(lambda made, path: bill_page(made.theirs, path), path=path),
        )
        for path, answers in {
            "": OWN_MONEY,
            "remove/": POSTED,
            "claim.csv": OWN_MONEY,
            "claim.xlsx": OWN_MONEY,
        }.items()
    },
    "admin/todo/": Page(at("admin/todo/"), STAFF),
    "admin/find/": Page(at("admin/find/"), (403, 403, 403, 403, 200, 302)),
    # Only while an operator views a merchant is there something to show.
    "admin/viewing/": Page(at("admin/viewing/"), LED_AWAY),
    "admin/login/": Page(at("admin/login/"), (302, 302, 302, 302, 302, 200)),
    "admin/logout/": Page(at("admin/logout/"), POSTED),
    "admin/password_change/": Page(at("admin/password_change/"), STAFF),
    "admin/password_change/done/": Page(at("admin/password_change/done/"), STAFF),
    "admin/autocomplete/": Page(
        at("admin/autocomplete/?app_label=stores&model_name=staff&field_name=stores&term=a"),
        STAFF,
    ),
    "admin/jsi18n/": Page(at("admin/jsi18n/"), STAFF),
    "admin/r/<path:content_type_id>/<path:object_id>/": Page(
        at("admin/r/1/1/"), (404, 404, 404, 404, 404, 302)
    ),
    "admin/app": Page(at("admin/stores/"), STAFF),
    "admin/(?P<url>.*)$": Page(at("admin/nothing/"), (404, 404, 404, 404, 404, 302)),
    **{
        f"admin/{app}/drillrun/start/": Page(
            at(f"admin/{app}/drillrun/start/"),
            POSTED,
            forms=(lambda made: {"connection": made.theirs.rows["stores.Connection"].pk},),
        )
        for app in ("trip", "delivery")
    },
}
