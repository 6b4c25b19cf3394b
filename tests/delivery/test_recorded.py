"""What our client makes of every recorded answer, over a real socket."""

import pytest

from tests.delivery.calls import CALLS, call
from tests.recorded import Recorded, hold_to_expect, recorded

ANSWERS = recorded("wechat")


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda answer: answer.name)
def test_a_recorded_answer_becomes_what_stands_beside_it(answer: Recorded) -> None:
    hold_to_expect(answer, call)


def test_every_call_is_recorded() -> None:
    good = {answer.call for answer in ANSWERS if not answer.is_failure}
    assert good == {*CALLS}
