"""Messages as Meituan sends them, sealed by the test itself."""

import base64
import itertools
import json
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from tests.messaging.pushing import Pusher, handle_all

SECRET = "0123456789abcdef-and-more"
CUSTOMER = 880012345
MORNING = 1616400000
_numbers = itertools.count(1_250_000_000_000_000_001)


def sealed(text: str | bytes, secret: str = SECRET) -> str:
    content = text.encode() if isinstance(text, str) else text
    missing = 16 - len(content) % 16
    return sealed_as_is(content + bytes([missing]) * missing, secret)


def sealed_as_is(content: bytes, secret: str = SECRET) -> str:
    key = secret.encode()[:16]
    cipher = Cipher(algorithms.AES(key), modes.CBC(key)).encryptor()
    return base64.b64encode(cipher.update(content) + cipher.finalize()).decode()


def envelope(text: str = "在吗", **changes: Any) -> dict[str, Any]:
    """A customer's text; changes are fields of `push_content`."""
    content = {
        "msg_id": next(_numbers),
        "msg_content": sealed(text),
        "msg_type": 1,
        "msg_source": 2,
        "cts": MORNING,
        "order_id": 0,
        "open_user_id": CUSTOMER,
        "scene_tag": -1,
        "scene_name": "",
        "has_reply": 1,
    }
    return {"biz_type": 1, "push_content": content | changes}


def push(pusher: Pusher, said: Any, *, key: str = "") -> Any:
    """Pushes an envelope as Meituan does, without handling it; `key` is the push's own number."""
    text = said if isinstance(said, str) else json.dumps(said, ensure_ascii=False)
    number = key or str(next(_numbers))
    return pusher.form("message", msgType="210069", msgId=number, businessId="2", message=text)


def write(pusher: Pusher, text: str = "在吗", **changes: Any) -> dict[str, Any]:
    """A customer writes, and what is pushed is handled."""
    said = envelope(text, **changes)
    answer = push(pusher, said)
    assert answer.json() == {"code": 0, "message": "success"}
    handle_all()
    return said
