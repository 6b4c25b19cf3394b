"""What is uploaded is read with limits and written anew; what is no picture is refused in words."""

import io
import struct
import zlib
from typing import Any

import pytest
from django.test import Client
from PIL import Image

from messaging.models import ChatPicture
from messaging.services.chat.closing import ChatConflict
from messaging.services.chat.pictures import LONGEST_SIDE, address_of, picture_store
from stores.models import Store

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.messaging.chat.urls")]


def picture(form: str = "PNG", mode: str = "RGB", size: tuple[int, int] = (40, 30)) -> bytes:
    written = io.BytesIO()
    Image.new(mode, size, 200 if mode in ("L", "P", "1") else None).save(written, form)
    return written.getvalue()


def bomb(side: int = 60_000) -> bytes:
    """A PNG of some hundred bytes that claims to have billions of pixels."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + content))
        return struct.pack(">I", len(content)) + kind + content + check

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 1000))
    return b"\x89PNG\r\n\x1a\n" + body + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("form", "mode"),
    [("PNG", "RGB"), ("PNG", "RGBA"), ("PNG", "P"), ("PNG", "L"), ("JPEG", "RGB"), ("JPEG", "CMYK"),
     ("GIF", "P"), ("WEBP", "RGBA"), ("BMP", "RGB")],
)  # fmt: skip
def test_every_usual_picture_becomes_a_jpeg(store: Store, form: str, mode: str) -> None:
    kept = picture_store(store=store, content=picture(form, mode))
    found = Image.open(io.BytesIO(bytes(kept.content)))
    assert (found.format, found.size) == ("JPEG", (40, 30))


def test_a_large_picture_becomes_smaller(store: Store) -> None:
    kept = picture_store(store=store, content=picture(size=(4000, 2000)))
    assert (kept.width, kept.height) == (LONGEST_SIDE, LONGEST_SIDE // 2)


def test_nothing_but_the_picture_itself_is_passed_on(store: Store) -> None:
    written = io.BytesIO()
    exif = Image.Exif()
    exif[0x010E] = "secret place"
    exif[0x0112] = 6
    Image.new("RGB", (40, 30)).save(written, "JPEG", exif=exif)
    kept = picture_store(store=store, content=written.getvalue() + b"<?php evil")
    content = bytes(kept.content)
    assert b"secret" not in content
    assert b"php" not in content
    assert (kept.width, kept.height) == (30, 40)


REFUSED = {
    "nothing": (b"", "cannot be read"),
    "text": (b"hello", "cannot be read"),
    "program": (b"MZ\x90\0" + b"\0" * 400, "program"),
    "linux program": (b"\x7fELF" + b"\0" * 400, "program"),
    "script": (b"#!/bin/sh\nrm -rf /", "program"),
    "archive": (b"PK\x03\x04" + b"\0" * 400, "program"),
    "svg": (b'<svg xmlns="http://www.w3.org/2000/svg"><script/></svg>', "SVG"),
    "svg with a head": (b'\n<?xml version="1.0"?><svg/>', "SVG"),
    "heic": (b"\0\0\0\x18ftypheic" + b"\0" * 400, "HEIC"),
    "bomb": (bomb(), "too many pixels"),
    "small bomb": (bomb(7000), "too many pixels"),
    "half": (picture(size=(400, 400))[:200], "cannot be read"),
    "too heavy": (b"\xff\xd8" + b"\0" * 10_000_001, "at most 10 MB"),
    "pdf": (b"%PDF-1.7", "cannot be read"),
    "postscript": (b"%!PS-Adobe-3.0 EPSF-3.0\n", "cannot be read"),
}


def test_a_picture_whose_notes_are_broken_is_sent_all_the_same(store: Store) -> None:
    written, exif = io.BytesIO(), Image.Exif()
    exif[0x010F], exif[0x0112] = "abc", 6
    Image.new("RGB", (40, 30)).save(written, "JPEG", exif=exif)
    # The camera's maker becomes a number that is none.
    content = written.getvalue().replace(b"\x01\x0f\x00\x02", b"\x01\x0f\x00\x07")
    kept = picture_store(store=store, content=content)
    assert (kept.width, kept.height) == (30, 40)


@pytest.mark.usefixtures("in_english")
@pytest.mark.parametrize(("content", "words"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_picture_is_refused_in_words(store: Store, content: bytes, words: str) -> None:
    with pytest.raises(ChatConflict) as refusal:
        picture_store(store=store, content=content)
    assert words in str(refusal.value.reason)
    assert not ChatPicture.objects.exists()


def test_a_picture_is_public_at_an_address_that_nobody_guesses(
    store: Store, settings: Any, client: Client
) -> None:
    settings.PUBLIC_BASE_URL = "https://shop.example.com"
    kept = picture_store(store=store, content=picture())
    address = address_of(kept)
    assert address.startswith("https://shop.example.com/takeaway/pictures/")
    assert len(kept.slug) >= 43
    answer = client.get(address.removeprefix("https://shop.example.com"))
    assert (answer.status_code, answer["Content-Type"]) == (200, "image/jpeg")
    assert answer.content == bytes(kept.content)
    assert client.get("/takeaway/pictures/abc.jpg").status_code == 404
    assert client.post("/takeaway/pictures/abc.jpg").status_code == 405
