"""Settings and control routes that every sandbox platform gets from its base."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import pytest

from stores.sandbox import ControlError, SandboxPlatform, Switches, control, given
from stores.sandbox.switches import Check, count, flag


@dataclass
class Mood(Switches):
    is_loud: bool = False
    echoes: int = 1

    checks: ClassVar[Mapping[str, Check]] = {"is_loud": flag, "echoes": count}


class Cave(SandboxPlatform[Mood]):
    """A platform that answers with what it was called with."""

    prefix = "cave"
    settings_class = Mood

    def clear(self) -> None:
        self.heard: list[str] = []

    def dump(self) -> dict[str, Any]:
        return {"heard": list(self.heard)}

    def load(self, state: Mapping[str, Any]) -> None:
        self.heard = given.texts(state, "heard")

    @control("GET", "halls/<hall>")
    def look(self, hall: str) -> Any:
        return ["look", hall]

    @control("POST", "halls/<hall>/<verb>")
    def act(self, hall: str, verb: str, body: dict[str, Any]) -> Any:
        return [verb, hall, body]

    @control("POST", "halls/<hall>/shout")
    def shout(self, hall: str, body: dict[str, Any]) -> Any:
        self.heard.append(hall)
        return ["shout", hall]

    @control("GET", "walls/<path:inscription>")
    def read(self, inscription: str) -> Any:
        return ["read", inscription]


@pytest.fixture
def cave() -> Cave:
    return Cave()


@pytest.mark.parametrize(
    ("path", "body", "answer"),
    [
        ("halls/north", None, ["look", "north"]),
        ("halls/north/sing", {"song": 1}, ["sing", "north", {"song": 1}]),
        ("halls/north/shout", {}, ["shout", "north"]),
        ("walls/a/b", None, ["read", "a/b"]),
    ],
)
def test_a_route_gets_the_named_parts_of_its_path(
    cave: Cave, path: str, body: Any, answer: Any
) -> None:
    assert cave.control(path, body) == answer


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("halls/north", {}),
        ("halls", None),
        ("halls/", None),
        ("halls/north/deeper/down", {}),
        ("walls/", None),
        ("", None),
    ],
)
def test_what_is_no_route_is_answered_with_the_routes_there_are(
    cave: Cave, path: str, body: Any
) -> None:
    with pytest.raises(ControlError, match=r"POST halls/<hall>/shout") as caught:
        cave.control(path, body)
    assert caught.value.status == 404


@pytest.mark.parametrize("body", [[], 5, "text", True])
def test_a_route_for_post_wants_an_object(cave: Cave, body: Any) -> None:
    with pytest.raises(ControlError, match="the body must be a JSON object"):
        cave.control("halls/north/shout", body)
    assert cave.heard == []


def test_every_platform_shows_and_changes_its_settings(cave: Cave) -> None:
    assert cave.control("settings", None) == {"is_loud": False, "echoes": 1}
    assert cave.control("settings", {"echoes": 3}) == {"is_loud": False, "echoes": 3}
    assert cave.configure(is_loud=True) == {"is_loud": True, "echoes": 3}
    assert cave.settings == Mood(is_loud=True, echoes=3)


@pytest.mark.parametrize(
    "change", [{"echoes": "3"}, {"is_loud": 1}, {"colour": "red"}, {"self": 1}]
)
def test_a_senseless_setting_changes_nothing(cave: Cave, change: dict[str, Any]) -> None:
    revision = cave.revision
    with pytest.raises(ControlError):
        cave.control("settings", {"echoes": 2} | change)
    assert (cave.settings, cave.revision) == (Mood(), revision)


def test_settings_are_kept_and_reset_with_the_state(cave: Cave) -> None:
    cave.configure(echoes=7)
    cave.control("halls/north/shout", {})
    twin = Cave()
    twin.restore(cave.snapshot())
    assert (twin.settings, twin.heard) == (Mood(echoes=7), ["north"])
    twin.reset()
    assert (twin.settings, twin.heard) == (Mood(), [])


@pytest.mark.parametrize(
    "state", [{"settings": {"echoes": "many"}}, {"settings": {"echoes": 2}, "heard": [1]}, []]
)
def test_a_snapshot_that_cannot_be_read_changes_nothing(cave: Cave, state: Any) -> None:
    cave.configure(echoes=7)
    before, revision = cave.snapshot(), cave.revision
    with pytest.raises(ControlError):
        cave.restore(state)
    assert (cave.snapshot(), cave.revision) == (before, revision)


@pytest.mark.parametrize(
    ("found", "number"),
    [(5, 5), ("5", 5), ("0", 0), ("", None), ("-1", None), ("٥", None), (True, None), (1.0, None)],
)
def test_a_whole_number_may_be_sent_as_digits(found: Any, number: int | None) -> None:
    assert given.whole(found) == number


def test_a_number_is_finite() -> None:
    assert given.value({"at": 5}, "at", float) == 5.0
    for found in (float("nan"), float("inf"), 10**400, -(10**400), True, "5"):
        with pytest.raises(ControlError):
            given.value({"at": found}, "at", float)
