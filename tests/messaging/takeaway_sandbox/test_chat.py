"""The chat: tokens, messages in both directions, the 48 hours, the reply rate."""

import time
from typing import Any

import pytest

from messaging.sandbox.messages import Message
from messaging.sandbox.signing import decrypt, encrypt
from stores.sandbox import SandboxServer
from tests.messaging.takeaway_sandbox.calling import (
    DEVELOPER,
    READER,
    SECRET,
    SHOP,
    SIGN_KEY,
    Provider,
    act,
    get,
    place,
    post,
)
from tests.messaging.takeaway_sandbox.receiver import Receiver
from tests.processes import wait_until

IM = "/waimai/ng/im/"
USER = 880012345


def write(server: SandboxServer, text: str = "在吗", **changes: Any) -> dict[str, Any]:
    body = {"epoi_id": SHOP, "open_user_id": USER, "text": text, **changes}
    message: dict[str, Any] = post(server, "messages", body)
    return message


def sent(text: str = "您好", **changes: Any) -> dict[str, Any]:
    content = {
        "msg_id": 1616400000001,
        "msg_content": encrypt(SECRET, text),
        "msg_type": 1,
        "msg_source": 1,
        "cts": int(time.time()),
        "open_user_id": USER,
    }
    return {"biz_type": 1, "push_content": {**content, **changes}}


def test_a_token_comes_with_what_a_socket_needs(provider: Provider) -> None:
    data = provider.ok(f"{IM}getConnectionToken")
    assert data["connectionToken"].startswith(f"wo{DEVELOPER}")
    assert (data["connectionId"], data["imSecret"], data["userCount"]) == (
        f"{DEVELOPER}_WMOPEN",
        SECRET,
        0,
    )
    data = provider.ok(f"{IM}getConnectionTokenWithCount", {"required_token_count": 3})
    assert len({row["connectionToken"] for row in data["token_infos"]}) == 3
    assert set(data) == {"token_infos", "appkey", "imSecret"}
    assert provider.refusal(f"{IM}getConnectionTokenWithCount", {"required_token_count": 6})


def test_a_customers_message_is_pushed_encrypted_once_the_store_subscribed(
    server: SandboxServer, provider: Provider, receiver: Receiver
) -> None:
    write(server, "没有人听")
    assert provider.ok(f"{IM}queryImSubscribeStatusByEpoi")["subscribe_status"] == 0
    provider.ok(f"{IM}subscribeImByEpoi")
    order_id = place(server, open_user_id=USER)
    write(server, "餐洒了😀", order_id=order_id, scene_tag=9003)
    (push,) = receiver.wait("message")
    assert push.is_signed(SIGN_KEY)
    assert (push.fields["msgType"], push.fields["businessId"]) == ("210069", "2")
    message = push.json("message")
    content = message["push_content"]
    assert message["biz_type"] == 1
    assert decrypt(SECRET, content["msg_content"]) == "餐洒了😀"
    assert (str(content["order_id"]), content["open_user_id"]) == (order_id, USER)
    assert (content["scene_tag"], content["msg_source"], content["has_reply"]) == (9003, 2, 1)
    assert content["msg_id"] > 2**53
    provider.ok(f"{IM}unsubscribeImByEpoi")
    write(server, "又没有人听")
    assert len(receiver.wait("message")) == 1


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (b'{"code":0,"message":"success","data":"x"}', "acknowledged"),
        (b'{"data":"OK"}', "given_up"),
        (b'{"code":1,"message":"success"}', "given_up"),
    ],
)
def test_a_messages_push_is_acknowledged_in_its_own_form(
    server: SandboxServer, receiver: Receiver, answer: bytes, state: str
) -> None:
    post(server, "settings", {"im_needs_subscription": False})
    receiver.answers["message"] = [answer]
    write(server)
    wait_until(lambda: get(server, "pushes")["pushes"][0]["state"] == state)
    assert len({row.fields["msgId"] for row in receiver.received}) == 1


def test_customers_whose_messages_nobody_took_are_counted(
    server: SandboxServer, provider: Provider, reader: Provider, receiver: Receiver
) -> None:
    post(server, f"developers/{DEVELOPER}/push", {"message": ""})
    provider.ok(f"{IM}subscribeImByEpoi")
    for user in (1, 2, 2):
        write(server, open_user_id=user)
    assert provider.ok(f"{IM}getConnectionToken")["userCount"] == 2
    call, biz = "getConnectionTokenWithCount", {"required_token_count": 1}
    ours = provider.ok(f"{IM}{call}", biz)["token_infos"]
    theirs = reader.ok(f"/wmoper/ng/im/{call}", biz)["token_infos"]
    assert [rows[0]["userSendFailCount"] for rows in (ours, theirs)] == [2, 0]
    post(server, f"developers/{DEVELOPER}/push", receiver.addresses)
    write(server, open_user_id=3)
    receiver.wait("message")
    delivered = [True, False, False, False]
    wait_until(
        lambda: (
            delivered
            == sorted(
                (row["was_delivered"] for row in get(server, "messages")["messages"]), reverse=True
            )
        )
    )
    assert provider.ok(f"{IM}getConnectionToken")["userCount"] == 2


def test_a_sent_message_answers_without_an_id_and_comes_back_with_a_foreign_one(
    server: SandboxServer, provider: Provider, receiver: Receiver
) -> None:
    provider.ok(f"{IM}subscribeImByEpoi")
    write(server)
    assert provider.ok(f"{IM}msg/send", sent("您好")) is None
    content = receiver.wait("message", 2)[1].json("message")["push_content"]
    assert content["msg_source"] == 1
    assert decrypt(SECRET, content["msg_content"]) == "您好"
    assert content["msg_id"] != 1616400000001
    kept = get(server, "messages")["messages"][1]
    assert (kept["text"], kept["sender_id"], kept["origin"]) == (
        "您好",
        "1616400000001",
        "provider",
    )


def test_what_the_shop_writes_in_meituans_own_app_is_pushed_too(
    server: SandboxServer, provider: Provider, receiver: Receiver
) -> None:
    provider.ok(f"{IM}subscribeImByEpoi")
    write(server, "店里发的", source=1)
    assert receiver.wait("message")[0].json("message")["push_content"]["msg_source"] == 1
    assert get(server, "messages")["messages"][0]["origin"] == "app"


def test_cipher_text_can_be_broken_on_purpose(
    server: SandboxServer, provider: Provider, receiver: Receiver
) -> None:
    provider.ok(f"{IM}subscribeImByEpoi")
    write(server, content="AAAA", msg_type=9)
    content = receiver.wait("message")[0].json("message")["push_content"]
    assert (content["msg_content"], content["msg_type"]) == ("AAAA", 9)


@pytest.mark.parametrize(
    "changes",
    [
        {"msg_content": "AAAA"},
        {"msg_content": ""},
        {"msg_source": 2},
        {"msg_type": 7},
        {"cts": 1616400000000},
        {"msg_id": "x"},
        {"open_user_id": 5},
        {"open_user_id": -1},
        {"order_id": 12},
    ],
)
def test_a_senseless_message_is_not_sent(
    server: SandboxServer, provider: Provider, changes: dict[str, Any]
) -> None:
    write(server)
    assert provider.refusal(f"{IM}msg/send", sent(**changes))
    assert len(get(server, "messages")["messages"]) == 1


def test_the_box_closes_some_time_after_completion(
    server: SandboxServer, provider: Provider
) -> None:
    order_id = place(server, open_user_id=USER)
    biz = sent(order_id=int(order_id))
    provider.ok(f"{IM}msg/send", biz)
    act(server, order_id, "confirm")
    act(server, order_id, "finish")
    provider.ok(f"{IM}msg/send", biz)
    post(server, "settings", {"chat_seconds": 0.001})
    time.sleep(0.01)
    assert "48小时" in provider.refusal(f"{IM}msg/send", biz)
    assert "48小时" in provider.refusal(f"{IM}msg/send", sent())


def test_a_message_about_anothers_order_is_refused(
    server: SandboxServer, provider: Provider
) -> None:
    order_id = place(server, open_user_id=1)
    write(server)
    assert "不符" in provider.refusal(f"{IM}msg/send", sent(order_id=int(order_id)))


def test_whether_a_repeated_id_is_sent_again_is_a_switch(
    server: SandboxServer, provider: Provider
) -> None:
    write(server)
    for _ in range(2):
        provider.ok(f"{IM}msg/send", sent())
    assert len(get(server, "messages")["messages"]) == 3
    post(server, "settings", {"im_repeated_id": "refuse"})
    assert provider.refusal(f"{IM}msg/send", sent()) == "消息重复"


def test_a_store_switches_its_chat_off_and_on(server: SandboxServer, provider: Provider) -> None:
    write(server)
    assert provider.refusal(f"{IM}setPoiIMStatus", {"imStatus": 2})
    provider.ok(f"{IM}setPoiIMStatus", {"imStatus": 0})
    assert provider.ok(f"{IM}getPoiIMStatus")["im_status"] == 0
    assert "在线联系" in provider.refusal(f"{IM}msg/send", sent())
    body = {"epoi_id": SHOP, "open_user_id": USER, "text": "在吗"}
    assert post(server, "messages", body, status=409)["error"]
    provider.ok(f"{IM}setPoiIMStatus", {"imStatus": "1"})
    provider.ok(f"{IM}msg/send", sent())


def test_reading_is_told_in_both_directions(server: SandboxServer, provider: Provider) -> None:
    first, second = write(server), write(server)
    user = str(USER)
    provider.ok(f"{IM}msgRead", {"openUserId": USER, "msgId": int(first["msg_id"])})
    read = [row["was_read"] for row in get(server, "messages")["messages"]]
    assert read == [True, False]
    assert provider.refusal(f"{IM}msgRead", {"openUserId": 7, "msgId": int(second["msg_id"])})
    assert provider.ok(f"{IM}userReadTime", {"openUserId": USER})["last_read_time"] == 0
    post(server, f"conversations/{SHOP}/{USER}/read", {"at": 1616400000123})
    data = provider.ok(f"{IM}userReadTime", {"openUserId": user})
    assert (data["open_user_id"], data["last_read_time"]) == (user, 1616400000123)


def test_a_customer_is_blocked_with_reason_and_pictures(
    server: SandboxServer, provider: Provider
) -> None:
    write(server)
    path = f"{IM}blockUser"
    biz = {"open_user_id": str(USER), "block_code": 1, "voucher_pic_ids": ["p1"]}
    wishes: list[dict[str, Any]] = [
        {"block_code": 9},
        {"block_code": 3},
        {"voucher_pic_ids": []},
        {"voucher_pic_ids": ["p"] * 10},
        {"open_user_id": ""},
    ]
    for wrong in wishes:
        assert provider.refusal(path, {**biz, **wrong})
    provider.ok(path, biz)
    assert "屏蔽" in provider.refusal(f"{IM}msg/send", sent())
    body = {"epoi_id": SHOP, "open_user_id": USER, "text": "在吗"}
    assert post(server, "messages", body, status=409)["error"]
    provider.ok(f"{IM}cancelBlockUser", {"open_user_id": str(USER)})
    provider.ok(f"{IM}msg/send", sent())
    assert provider.refusal(f"{IM}cancelBlockUser", {"open_user_id": str(USER)})


def test_the_reply_rate_counts_first_questions_and_unlocks_rights(
    server: SandboxServer, provider: Provider
) -> None:
    path = f"{IM}getReversionRateAndRightsList"
    write(server)
    write(server, "还在吗")
    provider.ok(f"{IM}msg/send", sent())
    data = provider.ok(path)
    assert (data["reversionRate"], data["benefitStatus"]) == (100, 1)
    assert data["rightsList"][0] == {"code": 1, "name": "评价联系"}
    post(server, "settings", {"urgent_reply_seconds": 0.001, "reply_seconds": 0.001})
    write(server, open_user_id=9, scene_tag=9003)
    time.sleep(0.01)
    data = provider.ok(path)
    assert (data["urgentReversionRate"], data["benefitStatus"], data["rightsList"]) == (0, 0, [])
    post(server, "settings", {"reply_rate": 95})
    assert provider.ok(path)["reversionRate"] == 95


def test_numbers_are_texts_for_providers_that_take_no_orders(
    server: SandboxServer, reader: Provider, receiver: Receiver
) -> None:
    data = reader.ok("/wmoper/ng/im/getReversionRateAndRightsList")
    assert (data["reversionRate"], data["benefitStatus"]) == ("100", "1")
    reader.ok("/wmoper/ng/im/subscribeImByEpoi")
    write(server, epoi_id=READER)
    reader.ok("/wmoper/ng/im/msg/send", sent())
    assert receiver.wait("message", 2)[1].fields["businessId"] == "16"


def test_a_listener_hears_every_message_as_a_socket_would(
    server: SandboxServer, provider: Provider
) -> None:
    heard: list[str] = []
    platform: Any = server.platform("takeaway")

    def listen(message: Message) -> bool:
        heard.append(message.text)
        return True

    platform.world.listeners.append(listen)
    write(server, "在吗")
    assert provider.ok(f"{IM}getConnectionToken")["userCount"] == 0
    provider.ok(f"{IM}msg/send", sent("在"))
    assert heard == ["在吗", "在"]
