"""The 安心卡: what is saved, refused, shown and sent."""

import base64
from typing import Any

import pytest
import requests

from stores.sandbox import SandboxServer
from tests.messaging.takeaway_sandbox.calling import SHOP, Provider, act, get, place, post
from tests.messaging.takeaway_sandbox.receiver import Receiver

SAVE, QUERY = "/waimai/ng/card/save", "/waimai/ng/card/query"
ROW = {"job": "厨师", "name": "王师傅", "temperature": "36.5"}
MEASURE = {"type": 4, "desc": "店内每日消毒", "url": "http://sandbox/p/1.jpg", "subTitle": "早晚"}
CARD = {
    "type": 1,
    "cardDetailList": [ROW],
    "upgradeDetailList": [MEASURE],
    "tips": "请安心食用",
    "syncPost": 1,
    "syncIM": 0,
    "syncOpenReceipt": 1,
}


def test_a_card_is_saved_shown_and_replaced(provider: Provider) -> None:
    assert "cardId" not in provider.ok(QUERY)
    saved = provider.ok(SAVE, CARD)
    landed = requests.get(saved["landPage"], timeout=10)
    assert landed.headers["content-type"] == "image/jpeg"
    shown = provider.ok(QUERY)
    assert (shown["cardId"], shown["landPageUrl"]) == (saved["cardId"], saved["landPage"])
    assert {name: shown[name] for name in CARD} == CARD
    assert (shown["protocolStatus"], shown["auditStatus"], shown["epoiId"]) == (1, 0, SHOP)
    again = provider.ok(SAVE, {**CARD, "type": 0, "upgradeDetailList": [], "tips": ""})
    assert again == saved
    assert provider.ok(QUERY)["upgradeDetailList"] == []


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"type": 2}, "type"),
        ({"syncIM": None}, "syncIM"),
        ({"syncPost": True}, "syncPost"),
        ({"cardDetailList": []}, "cardDetailList"),
        ({"cardDetailList": "x"}, "cardDetailList"),
        ({"cardDetailList": [{**ROW, "name": " "}]}, "不能为空"),
        ({"cardDetailList": [{**ROW, "temperature": "36"}]}, "一位小数"),
        ({"cardDetailList": [{**ROW, "temperature": "36.55"}]}, "一位小数"),
        ({"cardDetailList": [{**ROW, "temperature": 36.5}]}, "不能为空"),
        ({"type": 0}, "必须为空"),
        ({"upgradeDetailList": []}, "不能为空"),
        ({"upgradeDetailList": [{**MEASURE, "desc": "每日消毒"}]}, "店内每日消毒"),
        ({"upgradeDetailList": [MEASURE, MEASURE]}, "不能重复"),
        ({"upgradeDetailList": [{**MEASURE, "url": ""}]}, "不能为空"),
    ],
)
def test_a_card_with_a_fault_is_refused(
    provider: Provider, changes: dict[str, Any], text: str
) -> None:
    assert text in provider.refusal(SAVE, {**CARD, **changes})
    assert "cardId" not in provider.ok(QUERY)


def test_a_measure_of_another_kind_has_a_free_text(provider: Provider) -> None:
    other = {**MEASURE, "type": 9, "desc": "食材可追溯"}
    assert provider.ok(SAVE, {**CARD, "upgradeDetailList": [MEASURE, other]})


def test_rows_are_only_needed_when_the_card_is_shown_somewhere(provider: Provider) -> None:
    nowhere = {**CARD, "cardDetailList": [], "syncPost": 0, "syncOpenReceipt": 0}
    assert provider.ok(SAVE, nowhere)


def test_sending_by_chat_needs_the_chat_to_be_on(server: SandboxServer, provider: Provider) -> None:
    post(server, f"stores/{SHOP}", {"im_status": 0})
    assert "在线联系" in provider.refusal(SAVE, {**CARD, "syncIM": 1})
    post(server, f"stores/{SHOP}", {"im_status": 1})
    assert provider.ok(SAVE, {**CARD, "syncIM": 1})


def test_the_commitment_letter_comes_first(server: SandboxServer, provider: Provider) -> None:
    post(server, f"stores/{SHOP}", {"protocol_status": 0})
    assert "承诺书" in provider.refusal(SAVE, CARD)
    assert provider.ok(QUERY)["protocolStatus"] == 0


@pytest.mark.parametrize("audit", [0, 1, 2])
def test_meituan_sends_the_card_after_completion_while_it_is_on_line(
    server: SandboxServer, provider: Provider, receiver: Receiver, audit: int
) -> None:
    provider.ok("/waimai/ng/im/subscribeImByEpoi")
    saved = provider.ok(SAVE, {**CARD, "syncIM": 1})
    post(server, f"stores/{SHOP}", {"audit_status": audit})
    order_id = place(server)
    act(server, order_id, "confirm")
    act(server, order_id, "finish")
    messages = get(server, "messages")["messages"]
    if audit:
        assert messages == []
        return
    (message,) = messages
    assert (message["text"], message["kind"], message["source"]) == (saved["landPage"], 2, 1)
    content = receiver.wait("message")[0].json("message")["push_content"]
    assert (content["msg_type"], str(content["order_id"])) == (2, order_id)


def test_pictures_are_uploaded_at_a_path_that_is_a_setting(
    server: SandboxServer, provider: Provider, reader: Provider
) -> None:
    biz = {"imageName": "a.JPG", "file": base64.b64encode(b"picture").decode()}
    assert reader.ok("/wmoper/card/uploadCardImage", biz)["pic_url"].endswith(".jpg")
    assert provider.ok("/waimai/ng/card/uploadCardImage", biz)["pic_url"]
    post(server, "settings", {"card_upload_path": "/waimai/card/upload"})
    assert provider.ok("/waimai/card/upload", biz)["pic_url"]
    assert provider.call("/waimai/ng/card/uploadCardImage", biz).code == "OP_API_NOT_EXIST"
    for wrong in ({"imageName": "a.gif"}, {"file": "!"}, {"file": ""}, {"file": None}):
        assert provider.refusal("/waimai/card/upload", {**biz, **wrong})


def test_providers_that_take_no_orders_have_paths_of_their_own(reader: Provider) -> None:
    for path in ("/wmoper/ng/card", "/wmoper/card"):
        assert reader.ok(f"{path}/save", CARD)
        assert reader.ok(f"{path}/queryCard")["type"] == 1
