"""Readers of inbound bodies: JSON, forms and XML become dicts of what was sent, or raise BodyError.

A reader changes no value, so that signatures can be checked over its result.
"""

import json
from typing import Any, NoReturn
from urllib.parse import parse_qsl
from xml.etree.ElementTree import Element, ParseError

from defusedxml.ElementTree import fromstring

MOST_FIELDS = 200


class BodyError(ValueError):
    """The body is not in the expected format; the text says what it is not."""


def json_object(content: bytes | str) -> dict[str, Any]:
    """Reads a JSON object. NaN and Infinity are Python's, not JSON's, and are refused.

    Raises BodyError.
    """
    try:
        data = json.loads(content, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise BodyError("not JSON") from error
    if not isinstance(data, dict):
        raise BodyError("not a JSON object")
    return data


def form(content: bytes) -> dict[str, Any]:
    """Reads application/x-www-form-urlencoded in UTF-8; an empty body has no fields.

    Raises BodyError, also for a field that occurs twice: two readers could take different values.
    """
    try:
        fields = parse_qsl(
            content.decode("utf-8"),
            keep_blank_values=True,
            strict_parsing=True,
            errors="strict",
            max_num_fields=MOST_FIELDS,
        )
    except ValueError as error:
        raise BodyError("not a form") from error
    if len(dict(fields)) < len(fields):
        raise BodyError("a field occurs twice")
    return dict(fields)


def xml(content: bytes | str) -> dict[str, Any]:
    """Reads the children of the root element: texts, dicts of children, and lists of what repeats.

    Attributes are ignored. Always UTF-8, whatever the declaration says. Raises BodyError, also for
    any document type definition or entity declaration.
    """
    try:
        text = content.decode("utf-8-sig") if isinstance(content, bytes) else content
        root = fromstring(text, forbid_dtd=True, forbid_entities=True, forbid_external=True)
        data = _children(root)
    except (ValueError, ParseError, RecursionError) as error:
        raise BodyError("not XML") from error
    if not isinstance(data, dict):
        raise BodyError("not an XML document with fields")
    return data


def _children(element: Element) -> dict[str, Any] | str:
    if not len(element):
        return element.text or ""
    found: dict[str, list[Any]] = {}
    for child in element:
        found.setdefault(child.tag, []).append(_children(child))
    return {name: values[0] if len(values) == 1 else values for name, values in found.items()}


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)
