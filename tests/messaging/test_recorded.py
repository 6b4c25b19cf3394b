"""What our client makes of every recorded answer, over a real socket."""

from typing import Any

import pytest

from stores.platforms import errors
from stores.platforms.errors import PlatformError
from tests.canned import Canned
from tests.messaging.calls import CALLS, READING, call
from tests.recorded import Recorded, recorded, shown

ANSWERS = recorded("takeaway")


def outcome(answer: Recorded) -> Any:
    with Canned(answer.bytes) as server:
        try:
            return call(answer.call, server.url)
        except PlatformError as error:
            return error


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda answer: answer.name)
def test_a_recorded_answer_becomes_what_stands_beside_it(answer: Recorded) -> None:
    got = outcome(answer)
    if answer.is_failure:
        assert type(got) is getattr(errors, answer.expect["error"])
        wanted = {name: value for name, value in answer.expect.items() if name != "error"}
        assert {name: getattr(got, name) for name in wanted} == wanted
    else:
        assert shown(got) == answer.expect


def test_every_call_is_recorded() -> None:
    good = {answer.call for answer in ANSWERS if not answer.is_failure}
    assert good == {*CALLS, *READING}
