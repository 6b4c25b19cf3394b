"""What the card always says: editions, measures with their pictures, tests, and who sends it."""

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from messaging.choices import MEASURE_TEXTS, CardSender, Measure
from messaging.models import CardMeasure, CardTest, ChatStore, SafetyCard
from messaging.services.cards import saving
from messaging.services.cards.rules import CardConflict
from messaging.services.chat.bookkeeping import chat_of
from messaging.wire.cards import CardRow
from stores.clock import start_of_day
from stores.models import AuditEntry
from tests.messaging.cards.conftest import PEOPLE, Shop, typed
from tests.messaging.chat.test_pictures import picture
from tests.pages import HOSTILE

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("quick", "in_english"),
]
BODY = "application/octet-stream"


def form(**changes: Any) -> dict[str, Any]:
    usual = {"kind": "0", "on_poster": "on", "im_by": "nobody", "tips": "放心", "reminds": "on"}
    return {name: value for name, value in (usual | changes).items() if value is not None}


def upload(client: Client, url: str, content: bytes = b"") -> Any:
    return client.post(url, content or picture(), content_type=BODY)


def save(shop: Shop) -> dict[str, Any]:
    """Saves the card with one person; returns what Meituan has."""
    row = saving.card_save(binding=shop.row, rows=(CardRow("厨师", "王师傅", "36.5"),), actor=None)
    saving.save_now(row)
    return shop.card()


def test_an_upgraded_card_is_saved_with_its_measures_and_pictures(
    shop: Shop, manager: Client
) -> None:
    said = upload(manager, shop.url("card-measure", 4)).json()
    assert said == {"picture": shop.url("card-measure", 4)}
    assert manager.get(said["picture"]).content.startswith(b"\xff\xd8")
    data = form(kind="1", **{"measure4-is_shown": "on", "measure4-note": "早晚各一次"})
    assert manager.post(shop.url("card-set-up"), data).status_code == 302
    (measure,) = save(shop)["upgradeDetailList"]
    assert measure["url"].startswith("https://p.example.com/card/")
    assert (measure["type"], measure["desc"], measure["subTitle"]) == (
        4,
        "店内每日消毒",
        "早晚各一次",
    )
    assert AuditEntry.objects.filter(verb="takeaway.card.set_up").exists()


def test_the_texts_are_those_that_meituan_demands() -> None:
    assert [MEASURE_TEXTS[kind] for kind in Measure] == [
        "全员体温检测正常",
        "全员佩戴口罩",
        "全员定时洗手",
        "店内每日消毒",
    ]


def test_a_measure_without_a_picture_is_named_before_meituan_refuses(
    shop: Shop, manager: Client
) -> None:
    manager.post(shop.url("card-set-up"), form(kind="1", **{"measure2-is_shown": "on"}))
    shown = manager.post(shop.url(), typed(*PEOPLE), follow=True).content.decode()
    assert "The measure “全员佩戴口罩” has no picture yet." in shown
    assert not shop.meituan.server.arrivals.all(operation="card/save")


def test_an_upgraded_card_needs_a_measure(shop: Shop) -> None:
    shop.set_up(kind=1)
    with pytest.raises(CardConflict, match="at least one measure"):
        save(shop)


def test_a_normal_card_holds_no_measures(shop: Shop, manager: Client) -> None:
    upload(manager, shop.url("card-measure", 4))
    assert save(shop)["upgradeDetailList"] == []


@pytest.mark.parametrize("sender", CardSender.values)
def test_only_with_meituan_sending_it_the_switch_is_on(shop: Shop, sender: str) -> None:
    shop.set_up(im_by=sender)
    assert save(shop)["syncIM"] == int(sender == CardSender.MEITUAN)


def test_meituan_sends_it_only_while_the_chat_is_on(shop: Shop, manager: Client) -> None:
    shop.change(im_status=0)
    shown = manager.post(shop.url("card-set-up"), form(im_by="meituan")).content.decode()
    assert "Switch it on first" in shown
    assert not SafetyCard.objects.exclude(im_by=CardSender.NOBODY).exists()
    manager.post(shop.url("card-chat-on"))
    assert shop.at_meituan()["im_status"] == 1
    assert manager.post(shop.url("card-set-up"), form(im_by="meituan")).status_code == 302
    assert save(shop)["syncIM"] == 1


def test_a_chat_that_was_switched_off_later_is_noticed_before_saving(shop: Shop) -> None:
    shop.set_up(im_by=CardSender.MEITUAN)
    ChatStore.objects.filter(pk=chat_of(shop.row.connection_id).pk).update(is_on=False)
    shop.change(im_status=0)
    with pytest.raises(CardConflict, match="Switch it on first"):
        save(shop)


def test_a_clerk_fills_in_the_card_but_does_not_set_it_up(shop: Shop, clerk: Client) -> None:
    assert shop.url("card-set-up") not in clerk.get(shop.url()).content.decode()
    assert clerk.get(shop.url("card-set-up")).status_code == 403
    assert clerk.post(shop.url("card-set-up"), form()).status_code == 403
    assert upload(clerk, shop.url("card-measure", 4)).status_code == 403
    assert upload(clerk, shop.url("card-test-add")).status_code == 403
    assert clerk.post(shop.url("card-chat-on")).status_code == 403
    assert not SafetyCard.objects.exists()


@pytest.mark.parametrize("word", HOSTILE)
def test_any_text_is_refused_or_kept_as_text(shop: Shop, manager: Client, word: str) -> None:
    data = form(tips=word, kind=word, im_by=word, **{"measure1-note": word})
    answer = manager.post(shop.url("card-set-up"), data)
    assert answer.status_code == 200
    assert "<script>alert" not in answer.content.decode()


@pytest.mark.parametrize("content", [b"GIF89a", b"<svg/>", b"MZ" * 99])
def test_what_is_no_picture_is_refused_with_a_sentence(
    shop: Shop, manager: Client, content: bytes
) -> None:
    answer = upload(manager, shop.url("card-measure", 4), content)
    assert (answer.status_code, bool(answer.json()["trouble"])) == (409, True)
    assert not CardMeasure.objects.exists()
    assert not shop.meituan.server.arrivals.all(operation="card/uploadCardImage")


def test_an_unknown_measure_is_not_found(shop: Shop, manager: Client) -> None:
    assert upload(manager, shop.url("card-measure", 5)).status_code == 404


def test_the_path_of_pictures_is_a_setting(shop: Shop, manager: Client, settings: Any) -> None:
    shop.meituan.post("settings", card_upload_path="/waimai/card/upload")
    assert upload(manager, shop.url("card-measure", 4)).status_code == 409
    settings.TAKEAWAY_CARD_PICTURE_PATH = "/waimai/card/upload"
    assert upload(manager, shop.url("card-measure", 4)).status_code == 200


def test_tests_are_added_shown_saved_and_removed(shop: Shop, manager: Client) -> None:
    today = f"{timezone.localdate():%Y-%m-%d}"
    said = upload(manager, f"{shop.url('card-test-add')}?day={today}&note=全员阴性").json()
    row = CardTest.objects.get()
    assert shop.url("card-test", row.pk) in said["html"]
    assert manager.get(shop.url("card-test", row.pk)).content.startswith(b"\xff\xd8")
    (sent,) = save(shop)["testingItemList"]
    assert (sent["url"], sent["desc"]) == (row.picture, "全员阴性")
    assert sent["testingTime"] == start_of_day().timestamp()
    manager.post(shop.url("card-test-remove", row.pk))
    assert not CardTest.objects.exists()
    assert AuditEntry.objects.filter(verb="takeaway.card.set_up").count() == 2


@pytest.mark.parametrize(
    "query", ["", "day=x", "day=2999-01-01", "day=2026-01-01&note=" + "a" * 99]
)
def test_a_test_needs_a_day_that_has_been(shop: Shop, manager: Client, query: str) -> None:
    answer = upload(manager, f"{shop.url('card-test-add')}?{query}")
    assert (answer.status_code, bool(answer.json()["trouble"])) == (409, True)
    assert not CardTest.objects.exists()


def test_the_preview_shows_the_card_as_it_would_be_saved(shop: Shop, manager: Client) -> None:
    upload(manager, shop.url("card-measure", 4))
    shop.set_up(kind=1, on_receipt=True, tips="请安心食用", measures={Measure.CLEANED: "早晚"})
    shown = manager.post(shop.url(), typed(("厨师", "赵师傅", "36.6"), do="look")).content.decode()
    preview = shown.partition('class="card-preview"')[2]
    for text in ("赵师傅", "36.6℃", "店内每日消毒", "早晚", "请安心食用", "安心卡"):
        assert text in preview
    assert f'src="{shop.url("card-measure", 4)}"' in preview
    assert "switched off" not in preview
    receipt = preview.partition("card-receipt")[2]
    assert "厨师 赵师傅" in receipt
    assert "店内每日消毒" not in receipt


def test_that_the_chat_is_off_is_said_and_looking_keeps_nothing(
    shop: Shop, manager: Client
) -> None:
    shown = manager.get(shop.url("card-set-up")).content.decode()
    assert shop.url("card-chat-on") not in shown
    assert not ChatStore.objects.exists()
    assert not SafetyCard.objects.exists()
    ChatStore.objects.filter(pk=chat_of(shop.row.connection_id).pk).update(is_on=False)
    shown = manager.get(shop.url("card-set-up")).content.decode()
    assert shop.url("card-chat-on") in shown
