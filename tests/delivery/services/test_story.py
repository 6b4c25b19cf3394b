"""One story, in whatever order and however often its parts are heard."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from delivery.choices import Moment, Source, WaybillState
from delivery.services.story import News, Story, told

S = WaybillState
NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)


def after(seconds: float, state: S, source: Source = Source.PUSH) -> News:
    return News(state, NOON + timedelta(seconds=seconds), source)


USUAL = [
    after(0, S.WAITING),
    after(30, S.ACCEPTED),
    after(300, S.AT_SHOP),
    after(360, S.PICKED_UP),
    after(360, S.ON_THE_WAY),
    after(900, S.DELIVERED),
]


def test_a_usual_order_has_three_moments_each_with_its_first_time() -> None:
    story = told(USUAL)
    assert (story.state, story.has_ended, story.is_dead) == (S.DELIVERED, True, False)
    assert story.moments == {
        Moment.ACCEPTED: USUAL[1].at,
        Moment.PICKED_UP: USUAL[3].at,
        Moment.DELIVERED: USUAL[5].at,
    }
    assert (story.revived_at, story.strange) == (None, ())


@pytest.mark.parametrize(
    ("heard", "state"),
    [
        ([], S.WAITING),
        # A courier's test account leaves steps out and tells one twice.
        ([after(1, S.ACCEPTED), after(2, S.PICKED_UP), after(3, S.PICKED_UP)], S.PICKED_UP),
        ([after(1, S.ACCEPTED), after(9, S.DELIVERED)], S.DELIVERED),
        # Another rider is looked for.
        ([after(1, S.ACCEPTED), after(2, S.WAITING), after(3, S.ACCEPTED)], S.ACCEPTED),
        # Two of the same second.
        ([after(5, S.ON_THE_WAY), after(5, S.PICKED_UP)], S.ON_THE_WAY),
        # A push names whole seconds: what was asked for within the same one was earlier.
        ([after(5.9, S.WAITING, Source.ASKED), after(5, S.ACCEPTED)], S.ACCEPTED),
        # Our clock is ahead of the courier's: an answer of before is not of later.
        ([after(10, S.PICKED_UP), after(20, S.ACCEPTED, Source.ASKED)], S.PICKED_UP),
        ([after(10, S.DELIVERED), after(20, S.ON_THE_WAY, Source.ASKED)], S.DELIVERED),
        ([after(10, S.NO_RIDER), after(20, S.WAITING, Source.ASKED)], S.NO_RIDER),
        ([after(10, S.NOT_REACHED), after(99, S.RETURNED)], S.RETURNED),
    ],
)
def test_how_an_order_stands(heard: Sequence[News], state: S) -> None:
    assert told(heard).state == state


@pytest.mark.parametrize("end", [S.NO_RIDER, S.FORCE_MAJEURE, S.RIDER_LEFT, S.CANCELLED_EARLY])
def test_a_rider_who_takes_a_dead_order_is_noticed(end: S) -> None:
    heard = [after(0, S.ACCEPTED)] if end == S.RIDER_LEFT else []
    heard += [after(60, end), after(61, S.ACCEPTED)]
    story = told(heard)
    assert (story.state, story.revived_at) == (S.ACCEPTED, heard[-1].at)
    assert told([*heard, after(500, S.DELIVERED)]).revived_at == heard[-1].at


def test_an_answer_that_may_be_of_before_the_end_revives_nothing() -> None:
    end = after(60, S.NO_RIDER)
    soon, later = (after(seconds, S.ACCEPTED, Source.ASKED) for seconds in (90, 121))
    assert told([end, soon]).revived_at is None
    assert told([end, soon]).strange == (soon,)
    assert told([end, later]).revived_at == later.at


@pytest.mark.parametrize("end", [S.DELIVERED, S.RETURNED, S.NOT_PICKED_UP])
def test_some_ends_are_for_good(end: S) -> None:
    story = told([after(0, S.PICKED_UP if end != S.NOT_PICKED_UP else S.AT_SHOP), after(9, end)])
    again = told([after(9, end), after(10, S.ACCEPTED)])
    assert story.state == again.state == end
    assert again.strange


_NEWS = st.builds(
    News,
    st.sampled_from(S),
    st.integers(0, 300).map(lambda seconds: NOON + timedelta(seconds=seconds)),
    st.sampled_from(Source),
)


@given(st.lists(_NEWS, max_size=10), st.randoms(use_true_random=False), st.data())
def test_neither_order_nor_number_matters(
    heard: list[News], dice: Random, data: st.DataObject
) -> None:
    more = data.draw(st.lists(st.sampled_from(heard), max_size=5)) if heard else []
    shuffled = [*heard, *more]
    dice.shuffle(shuffled)
    story = told(heard)
    assert told(shuffled) == story
    assert all(moment in Moment for moment in story.moments)
    assert isinstance(story, Story)


@given(st.lists(_NEWS, max_size=10), _NEWS)
def test_what_was_a_moment_stays_one(heard: list[News], late: News) -> None:
    """Later news of a later time never takes a moment back."""
    before = told([news for news in heard if news.at < late.at])
    now = told([news for news in [*heard, late] if news.at <= late.at])
    assert before.moments.items() <= now.moments.items()
