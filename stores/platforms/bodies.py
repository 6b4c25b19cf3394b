"""Bodies of requests that are not plain JSON: the exact bytes and their content type.

Raise NotSent for what cannot be put into bytes, because nothing was sent then.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from urllib3 import encode_multipart_formdata

from stores.platforms.errors import NotSent


@dataclass(frozen=True)
class Body:
    """What a request carries, byte for byte."""

    content: bytes
    content_type: str


@dataclass(frozen=True)
class File:
    """A file of a multipart body; its name may be Chinese."""

    name: str
    content: bytes
    content_type: str = "application/octet-stream"


def utf8_json(data: Any) -> Body:
    r"""Compact JSON with literal characters, for platforms that do not read \uXXXX."""
    try:
        text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        return Body(text.encode(), "application/json; charset=utf-8")
    except (ValueError, TypeError) as error:
        raise NotSent(f"cannot be sent as JSON: {type(error).__name__}") from error


def form(fields: Mapping[str, str]) -> Body:
    """A form; each value arrives as it is here, so that a signature over the values holds."""
    try:
        content = urlencode(fields, errors="strict").encode()
    except UnicodeError as error:
        raise NotSent("cannot be sent as a form: not UTF-8") from error
    return Body(content, "application/x-www-form-urlencoded; charset=UTF-8")


def multipart(fields: Mapping[str, str], files: Mapping[str, File]) -> Body:
    """A multipart body of fields and files, by the names of their parts."""
    parts: dict[str, Any] = dict(fields)
    for name, file in files.items():
        parts[name] = (file.name, file.content, file.content_type)
    try:
        content, content_type = encode_multipart_formdata(parts)
    except UnicodeError as error:
        raise NotSent("cannot be sent as multipart: not UTF-8") from error
    return Body(content, content_type)
