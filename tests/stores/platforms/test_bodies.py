"""Bodies that are bytes, over a real socket, read by parsers that are not ours."""

import json
from io import BytesIO
from typing import Any

import pytest
from django.conf import settings
from django.http.multipartparser import MultiPartParser
from django.http.request import QueryDict

from stores.platforms import bodies
from stores.platforms.bodies import Body, File
from stores.platforms.client import PlatformClient
from stores.platforms.errors import NotSent
from tests.canned import Canned, answer


def sent(body: Any, **fields: Any) -> tuple[dict[str, str], bytes]:
    """Headers and body of a request as they arrive."""
    with Canned(answer('{"errcode": 0}', kind="text/plain")) as server:
        got = PlatformClient(server.url, timeout=(1.0, 1.0)).request(
            "POST", "/send", body=body, **fields
        )
        assert got.json_object() == {"errcode": 0}
    head, _, content = server.requests[0].partition(b"\r\n\r\n")
    lines = [line.split(": ", 1) for line in head.decode("latin-1").split("\r\n")[1:]]
    return {name.lower(): value for name, value in lines}, content


def test_json_goes_with_literal_chinese_and_without_spaces() -> None:
    headers, content = sent(bodies.utf8_json({"cargo_first_class": "美食夜宵", "n": [1, 0.5]}))
    assert content == '{"cargo_first_class":"美食夜宵","n":[1,0.5]}'.encode()
    assert headers["content-type"] == "application/json; charset=utf-8"
    assert headers["content-length"] == str(len(content))


@pytest.mark.parametrize(
    "data", [{"a": float("nan")}, {"a": float("inf")}, {"a": "\ud83d"}, {"a": object()}]
)
def test_what_is_no_json_is_not_sent(data: Any) -> None:
    with pytest.raises(NotSent):
        bodies.utf8_json(data)


def test_a_form_arrives_with_the_very_text_that_was_signed() -> None:
    biz = json.dumps({"imStatus": 1, "text": "a&b=c+d %20 您好"}, ensure_ascii=False)
    fields = {"biz": biz, "sign": "abc", "empty": "", "charset": "UTF-8"}
    headers, content = sent(bodies.form(fields))
    assert headers["content-type"] == "application/x-www-form-urlencoded; charset=UTF-8"
    assert QueryDict(content, encoding="utf-8").dict() == fields
    assert b"\\u" not in content


def test_half_a_character_is_not_sent_in_a_form() -> None:
    with pytest.raises(NotSent):
        bodies.form({"a": "\ud83d"})


def test_a_file_is_sent_with_fields_beside_it() -> None:
    picture = bytes(range(256)) * 400
    body = bodies.multipart(
        {"imageName": "证书.jpg", "biz": '{"a":"\r\n--x"}'},
        {"file": File("证书.jpg", picture, "image/jpeg")},
    )
    headers, content = sent(body)
    fields, files = parsed(headers, content)
    assert fields.dict() == {"imageName": "证书.jpg", "biz": '{"a":"\r\n--x"}'}
    assert (files["file"].name, files["file"].content_type) == ("证书.jpg", "image/jpeg")
    assert files["file"].read() == picture


def parsed(headers: dict[str, str], content: bytes) -> Any:
    return MultiPartParser(
        {
            "CONTENT_TYPE": headers["content-type"],
            "CONTENT_LENGTH": int(headers["content-length"]),
        },
        BytesIO(content),
        [_InMemory()],
    ).parse()


def test_a_file_name_brings_no_header_of_its_own() -> None:
    name = 'a"\r\nContent-Type: text/html\r\n\r\n<b>'
    body = bodies.multipart({}, {"file": File(name, b"x")})
    head = body.content.partition(b"\r\n\r\n")[0]
    assert head.count(b"\r\n") == 2
    assert b"text/html" not in head.split(b"\r\n")[2]


def test_half_a_character_is_not_sent_in_a_multipart_body() -> None:
    with pytest.raises(NotSent):
        bodies.multipart({"a": "\ud83d"}, {})


def test_a_header_of_the_callers_own_wins_over_the_bodys() -> None:
    headers, content = sent(Body(b"\x00\xff", "image/png"), headers={"Content-Type": "image/x"})
    assert (headers["content-type"], content) == ("image/x", b"\x00\xff")


def test_plain_mappings_and_bytes_go_as_before() -> None:
    headers, content = sent({"a": "价"})
    assert (headers["content-type"], json.loads(content)) == ("application/json", {"a": "价"})
    headers, content = sent(b"raw")
    assert ("content-type" in headers, content) == (False, b"raw")


class _InMemory:
    """Django's handler of small files, without its settings."""

    def __new__(cls) -> Any:
        from django.core.files.uploadhandler import MemoryFileUploadHandler

        assert settings.FILE_UPLOAD_MAX_MEMORY_SIZE > 102_400
        return MemoryFileUploadHandler()
