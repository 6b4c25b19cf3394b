"""Meituan's staff is told in Chinese what is wrong with a field."""

import pytest

from stores.platforms.reading import Malformed, Problem
from trip.wire.problems import TEXTS, TripProblem, describe


@pytest.mark.parametrize("problem", [*Problem, *TripProblem], ids=lambda problem: problem.name)
def test_every_problem_has_its_text(problem: Problem | TripProblem) -> None:
    said = describe(Malformed("orderId", problem, least=1, most=9))
    assert said
    assert "{" not in said


def test_no_text_is_left_over() -> None:
    assert len(TEXTS) == len(Problem) + len(TripProblem)


@pytest.mark.parametrize(
    ("malformed", "text"),
    [
        (
            Malformed("quantity", Problem.OUT_OF_RANGE, least=1, most=10000),
            "quantity超出范围：1至10000",
        ),
        (Malformed("orderId", Problem.NOT_WHOLE), "orderId缺失或不是整数"),
        (Malformed("refundFee", Problem.TOO_PRECISE), "refundFee多于两位小数"),
        (Malformed("refundFee", Problem.NOT_MONEY), "refundFee不是金额"),
        (Malformed("body", TripProblem.NO_BODY), "body缺失或类型不正确"),
        (Malformed("visitors", TripProblem.ITEM_NO_OBJECT), "visitors的成员不是对象"),
        (
            Malformed("endTime", TripProblem.DAYS_IN_NO_ORDER),
            "endTime应不早于startTime，且不超过一年",
        ),
    ],
)
def test_a_text_names_field_and_limits(malformed: Malformed, text: str) -> None:
    assert describe(malformed) == text
