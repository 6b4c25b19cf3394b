"""An SDK that is not ours speaks with our addresses and with the simulated WeChat: its crypto must
agree with both sides.
"""

import json
import time
from typing import Any

import pytest
import xmltodict
from wechatpy.crypto import WeChatCrypto
from wechatpy.exceptions import InvalidSignatureException

from delivery.sandbox.book import App, Push
from delivery.sandbox.events import parcel
from delivery.sandbox.settings import Settings
from tests.delivery.factories import MiniProgramFactory
from tests.delivery.webhooks.pushing import KEY, SECRETS, TOKEN, Pusher, waybill

APPID, NONCE = "wxdemo0000000001", "415670741"


@pytest.fixture
def sdk() -> Any:
    return WeChatCrypto(TOKEN, KEY, APPID)


@pytest.fixture
def pusher(db: None) -> Pusher:
    return Pusher(MiniProgramFactory(account=APPID, credentials=SECRETS))


def sealed_by(sdk: Any, event: dict[str, Any], *, is_xml: bool) -> tuple[dict[str, str], bytes]:
    """Returns the query and the body of a push that the SDK sealed."""
    message = xmltodict.unparse({"xml": event}) if is_xml else json.dumps(event)
    at = str(int(time.time()))
    fields = xmltodict.parse(sdk.encrypt_message(message, NONCE, at))["xml"]
    query = {
        "timestamp": at,
        "nonce": NONCE,
        "encrypt_type": "aes",
        "msg_signature": fields["MsgSignature"],
    }
    outer = {"ToUserName": event["ToUserName"], "Encrypt": fields["Encrypt"]}
    body = xmltodict.unparse({"xml": outer}) if is_xml else json.dumps(outer)
    return query, body.encode()


@pytest.mark.parametrize("is_xml", [True, False])
def test_our_address_takes_what_it_seals_and_it_opens_what_we_answer(
    sdk: Any, pusher: Pusher, is_xml: bool
) -> None:
    answer = pusher.send(*sealed_by(sdk, waybill(), is_xml=is_xml))
    assert answer.status_code == 200
    text = answer.content.decode()
    outer = xmltodict.parse(text)["xml"] if is_xml else json.loads(text)
    signed = (outer["MsgSignature"], str(outer["TimeStamp"]), outer["Nonce"])
    opened = sdk.decrypt_message({"Encrypt": outer["Encrypt"]}, *signed)
    said = xmltodict.parse(opened)["xml"] if is_xml else json.loads(opened)
    assert (said["Event"], str(said["resultcode"])) == ("update_waybill_status", "0")
    with pytest.raises(InvalidSignatureException):
        sdk.decrypt_message({"Encrypt": outer["Encrypt"]}, "0" * 40, *signed[1:])


@pytest.mark.parametrize("changed", [{"token": "another"}, {"_id": "wxother"}, {"key": b"k" * 32}])
def test_what_it_seals_with_other_keys_is_refused(
    sdk: Any, pusher: Pusher, changed: dict[str, Any]
) -> None:
    for name, value in changed.items():
        setattr(sdk, name, value)
    assert pusher.send(*sealed_by(sdk, waybill(), is_xml=True)).status_code == 403


@pytest.mark.parametrize("form", ["xml", "json"])
def test_it_opens_what_the_simulated_wechat_pushes(sdk: Any, form: str) -> None:
    app = App(APPID, "", callback="http://shop", push_token=TOKEN, aes_key=KEY)
    app.mode, app.form = "secure", form
    made = parcel(
        Push(number=1, subject="", created_at=0, due=0, appid=APPID, event=waybill()),
        app,
        Settings(),
    )
    query = dict(part.split("=", 1) for part in made.url.partition("?")[2].split("&"))
    body = made.body.decode()
    outer = xmltodict.parse(body)["xml"] if form == "xml" else json.loads(body)
    signed = (query["msg_signature"], query["timestamp"], query["nonce"])
    opened = sdk.decrypt_message({"Encrypt": outer["Encrypt"]}, *signed)
    said = xmltodict.parse(opened)["xml"] if form == "xml" else json.loads(opened)
    assert str(said["order_status"]) == "102"
