"""Which courier a rule chooses, and why not the others."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from delivery.services.choosing import (
    Acceptance,
    Candidate,
    Facts,
    Offer,
    Prefer,
    Rule,
    Why,
    chosen,
    ranking,
)

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
OFFERS = (
    Offer("DADA", Decimal("7.50"), 900, NOW + timedelta(minutes=3)),
    Offer("SS", Decimal("18.00"), 420),
    Offer("MTPS"),
    Offer("SFTC", Decimal("10.60"), 600),
    Offer("UU", refusal="超出范围"),
)
FACTS = Facts(NOW, Decimal("46.50"), OFFERS, {})


def called(ranked: Sequence[Candidate]) -> list[str]:
    return [each.offer.courier for each in ranked if each.why_not is None]


def reasons(ranked: Sequence[Candidate]) -> dict[str, Why | None]:
    return {each.offer.courier: each.why_not for each in ranked if each.why_not}


@pytest.mark.parametrize(
    ("rule", "order", "why"),
    [
        (Rule(), ["DADA", "SFTC", "SS", "MTPS"], {"UU": Why.REFUSES}),
        (Rule(Prefer.FASTEST), ["SS", "SFTC", "DADA", "MTPS"], {"UU": Why.REFUSES}),
        (
            Rule(Prefer.LISTED, listed=("MTPS", "SS")),
            ["MTPS", "SS"],
            {"UU": Why.REFUSES, "DADA": Why.NOT_LISTED, "SFTC": Why.NOT_LISTED},
        ),
        (
            Rule(ceiling=Decimal("10.60")),
            ["DADA", "SFTC"],
            {"UU": Why.REFUSES, "SS": Why.OVER_CEILING, "MTPS": Why.NO_PRICE},
        ),
        (
            Rule(ceiling=Decimal("10.60"), tip=Decimal(1)),
            ["DADA"],
            {
                "UU": Why.REFUSES,
                "SS": Why.OVER_CEILING,
                "SFTC": Why.OVER_CEILING,
                "MTPS": Why.NO_PRICE,
            },
        ),
        (
            # A fifth of 46.50 is 9.30.
            Rule(ceiling=Decimal(30), ceiling_percent=Decimal(20)),
            ["DADA"],
            {
                "UU": Why.REFUSES,
                "SS": Why.OVER_CEILING,
                "SFTC": Why.OVER_CEILING,
                "MTPS": Why.NO_PRICE,
            },
        ),
    ],
)
def test_each_rule_has_its_order_and_its_reasons(
    rule: Rule, order: list[str], why: dict[str, Why]
) -> None:
    ranked = ranking(rule, FACTS)
    assert called(ranked) == order
    assert reasons(ranked) == why
    best = chosen(ranked)
    assert best is not None
    assert best.offer.courier == order[0]


def test_what_was_tried_paused_or_is_too_old_is_not_called() -> None:
    offers = [replace(OFFERS[1], is_paused=True), *(OFFERS[0], OFFERS[2], OFFERS[3])]
    facts = replace(FACTS, at=NOW + timedelta(minutes=3), offers=offers, tried=frozenset({"SFTC"}))
    ranked = ranking(Rule(), facts)
    assert called(ranked) == ["MTPS"]
    assert reasons(ranked) == {"SS": Why.PAUSED, "DADA": Why.EXPIRED, "SFTC": Why.TRIED}


def test_who_rarely_accepts_comes_last_and_too_few_orders_say_nothing() -> None:
    learned = {
        "DADA": Acceptance(40, 20),
        "SFTC": Acceptance(30, 24),
        "SS": Acceptance(29, 0),
    }
    ranked = ranking(Rule(Prefer.LIKELY), replace(FACTS, acceptance=learned))
    assert called(ranked) == ["SFTC", "SS", "MTPS", "DADA"]
    notes = {each.offer.courier: each.note for each in ranked}
    assert notes["DADA"] == Why.UNLIKELY
    assert notes["SFTC"] is None
    assert notes["SS"] == notes["MTPS"] == Why.FEW_SAMPLES


def test_nobody_may_be_left() -> None:
    assert chosen(ranking(Rule(ceiling=Decimal(1)), FACTS)) is None
    assert chosen([]) is None


_OFFER = st.builds(
    Offer,
    st.sampled_from(["DADA", "SS", "MTPS", "SFTC", "UU", "X"]),
    st.none() | st.decimals(0, 50, places=2),
    st.none() | st.integers(60, 7200),
    st.none() | st.just(NOW) | st.just(NOW + timedelta(minutes=3)),
    st.sampled_from(["", "", "no"]),
    st.booleans(),
)
_RULE = st.builds(
    Rule,
    st.sampled_from(Prefer),
    st.sampled_from([(), ("SS",), ("UU", "DADA")]),
    st.none() | st.decimals(0, 50, places=2),
    st.none() | st.decimals(1, 100, places=0),
    st.decimals(0, 5, places=2),
)


@given(_RULE, st.lists(_OFFER, unique_by=lambda offer: offer.courier), st.randoms())
def test_the_choice_does_not_depend_on_the_order_of_the_answers(
    rule: Rule, offers: list[Offer], dice: Random
) -> None:
    facts = replace(FACTS, offers=offers)
    ranked = ranking(rule, facts)
    shuffled = sorted(offers, key=lambda offer: dice.random())
    assert ranking(rule, replace(facts, offers=shuffled)) == ranked
    assert ranking(Rule.from_json(rule.as_json()), facts) == ranked
    best, most = chosen(ranked), rule.most(FACTS.value)
    if best is not None and most is not None:
        assert best.offer.fee is not None
        assert best.offer.fee <= most
