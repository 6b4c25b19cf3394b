"""Times and days in what programs send: each list takes the documented forms, and nothing else."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.urls import get_resolver
from rest_framework import serializers

from stores.api.serializers import Body, ListFilter
from stores.api.times import Day, Moment
from tests.api import problem
from tests.contract.test_api_routes import LISTS, Scene, routes_in, scene

__all__ = ["scene"]
DAYS = ("2026-11-29", "0001-01-02", "9999-12-30")
MOMENTS = (
    *DAYS,
    "2026-11-29T02:03",
    "2026-11-29T02:03:04",
    "2026-11-29T02:03:04.115000Z",
    "2026-11-29T02:03:04.1150001Z",
    "2026-11-29T10:03:04%2B08:00",
    "2026-11-29T10:03:04+08:00",
    "2026-11-28T21:03-05:00",
)
NO_DAYS = (
    "2026-W48",
    "2026-W48-7",
    "2026W487",
    "20261129",
    "2026-333",
    "2026-1-2",
    "2026-11",
    "2026-13-01",
    "2026-02-30",
    "26-11-29",
    "%2B2026-11-29",
    "２０２６-11-29",
    " 2026-11-29",
    "2026-11-29%0A",
    "2026-11-29Z",
    "today",
    "1795991476",
)
NO_MOMENTS = (
    *NO_DAYS,
    "2026-W48-7T02:03:04Z",
    "2026-11-29T02",
    "2026-11-29T020304Z",
    "20261129T020304Z",
    "2026-11-29T02:03:04,115Z",
    "2026-11-29x02:03:04Z",
    "2026-11-29 02:03:04",
    "2026-11-29T02:03:04z",
    "2026-11-29T02:03:04%2B0800",
    "2026-11-29T02:03:04%2B08",
    "2026-11-29T02:03:04%2B08:00:30",
    "2026-11-29T24:00:00Z",
    "2026-11-29T02:60Z",
)


def filters() -> dict[str, type[ListFilter]]:
    """The filter of each list, by the list's path."""
    views = {path: view for method, path, view in routes_in(get_resolver().url_patterns)}
    return {route.path: getattr(views[route.path], "filters", ListFilter) for route in LISTS}


def asked() -> list[Any]:
    """(path, parameter, forms that it takes, forms that it refuses)."""
    found = []
    for path, shape in filters().items():
        for name, each in shape().fields.items():
            if isinstance(each, Moment):
                found.append(pytest.param(path, name, MOMENTS, NO_MOMENTS, id=f"{path}?{name}"))
            if isinstance(each, Day):
                found.append(pytest.param(path, name, DAYS, NO_DAYS, id=f"{path}?{name}"))
    return found


def subclasses(shape: type[Any]) -> Iterator[type[Any]]:
    for each in shape.__subclasses__():
        yield each
        yield from subclasses(each)


@pytest.mark.parametrize(("path", "name", "taken", "refused"), asked())
def test_a_list_takes_the_documented_forms_only(
    scene: Scene, path: str, name: str, taken: tuple[str, ...], refused: tuple[str, ...]
) -> None:
    api = scene.actors["full"]
    for text in taken:
        assert api.get(f"{path}?{name}={text}").status_code == 200, text
    for text in refused:
        answer = api.get(f"{path}?{name}={text}")
        assert problem(answer) == (400, "invalid"), text
        assert list(answer.json()["errors"]) == [name], text


def test_all_that_is_read_of_a_request_has_the_one_parser() -> None:
    others = [
        f"{shape.__name__}.{name}"
        for base in (Body, ListFilter)
        for shape in subclasses(base)
        for name, each in shape().fields.items()
        if isinstance(each, serializers.DateField | serializers.DateTimeField)
        and not isinstance(each, Day | Moment)
    ]
    assert others == []
    assert len(asked()) >= 6
