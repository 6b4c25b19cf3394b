"""Client for our own address for pushes, called as WeChat calls it
(docs/platforms/wechat_delivery.md §4.1).
"""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from delivery.signatures import push_signature, seal
from stores.platforms.bodies import Body
from stores.platforms.client import Answer, PlatformClient


@dataclass(frozen=True)
class PushKeys:
    """What stands in WeChat's console; `appid` is the one that pushes are sealed for."""

    appid: str
    token: str = field(repr=False)
    aes_key: str = field(repr=False)


class OurAddress(PlatformClient):
    """Both methods raise PlatformError. `path` is that of the address; times are aware."""

    def echo(self, path: str, keys: PushKeys, text: str, at: datetime) -> Answer:
        """GET, as WeChat checks an address: the answer is `text`."""
        return self.request("GET", path, params={**_signed(keys, at), "echostr": text})

    def push(self, path: str, keys: PushKeys, event: Mapping[str, Any], at: datetime) -> Answer:
        """POST of a message in the secure mode."""
        message = json.dumps(event, ensure_ascii=False).encode()
        sealed = seal(message, key=keys.aes_key, appid=keys.appid)
        given = _signed(keys, at)
        words = {"timestamp": given["timestamp"], "nonce": given["nonce"]}
        signed = push_signature(token=keys.token, sealed=sealed, **words)
        body = json.dumps({"ToUserName": keys.appid, "Encrypt": sealed}).encode()
        return self.request(
            "POST",
            path,
            params={**given, "encrypt_type": "aes", "msg_signature": signed},
            body=Body(body, "application/json; charset=utf-8"),
        )


def _signed(keys: PushKeys, at: datetime) -> dict[str, str]:
    given = {"timestamp": str(int(at.timestamp())), "nonce": str(secrets.randbelow(10**10))}
    return {"signature": push_signature(token=keys.token, **given), **given}
