"""The safety card as it is sent and read; any answer is read or refused as unknown."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from messaging.choices import CardAudit, CardKind
from messaging.wire.cards import (
    Card,
    CardMeasure,
    CardRow,
    CardTest,
    parse_card,
    parse_picture,
    parse_saved,
)
from stores.platforms.errors import Unknown

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["cardId", "landPage", "landPageUrl", "protocolStatus", "auditStatus", "pic_url"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)
TEXT = st.text(max_size=10)
CARDS = st.builds(
    Card,
    kind=st.sampled_from(CardKind),
    rows=st.lists(st.builds(CardRow, TEXT, TEXT, TEXT), max_size=3).map(tuple),
    measures=st.lists(st.builds(CardMeasure, st.integers(1, 9), TEXT, TEXT, TEXT), max_size=3).map(
        tuple
    ),
    tests=st.lists(
        st.builds(CardTest, st.dates(date(2000, 1, 1), date(2100, 1, 1)), TEXT, TEXT), max_size=3
    ).map(tuple),
    tips=TEXT,
    on_poster=st.booleans(),
    by_im=st.booleans(),
    on_receipt=st.booleans(),
)


@given(CARDS)
def test_a_card_is_read_as_it_was_kept(card: Card) -> None:
    assert Card.of_biz(card.as_biz()) == card


def test_what_is_left_of_a_removed_card_is_an_empty_one() -> None:
    assert Card.of_biz({}) == Card(CardKind.NORMAL, ())


@given(JSON)
def test_any_answer_is_read_or_unknown(data: object) -> None:
    for parse in (parse_saved, parse_card, parse_picture):
        try:
            parse(data)
        except Unknown:
            continue


@pytest.mark.parametrize(
    ("status", "audit"),
    [(0, CardAudit.NORMAL), ("1", CardAudit.OFFLINE), (2, CardAudit.REJECTED), (7, ""), (None, "")],
)
def test_states_of_the_audit(status: object, audit: str) -> None:
    assert parse_card({"protocolStatus": 1, "auditStatus": status}).audit == audit


def test_texts_and_addresses_have_an_end() -> None:
    found = parse_card({"protocolStatus": 1, "auditTip": "长" * 999, "landPageUrl": "u" * 9999})
    assert (len(found.audit_tip), len(found.page)) == (200, 500)


def test_a_day_is_midnight_in_beijing_in_seconds() -> None:
    card = Card(CardKind.NORMAL, (), tests=(CardTest(date(2026, 11, 30), "u", ""),))
    assert card.as_biz()["testingItemList"][0]["testingTime"] == 1795968000
