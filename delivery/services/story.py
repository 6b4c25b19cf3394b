"""What became of an order at a courier, from everything that was heard of it.

Pushes come late, twice and in any order, and answers to our questions between them. The story is
told anew from all of them each time, so that neither their order nor their number matters.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from delivery.choices import Moment, Source, WaybillState
from delivery.wire.waybill import (
    DEAD,
    ENDED,
    MAY_REVIVE,
    can_follow,
    moments_by,
    stage_of,
)

# The courier's clock may differ from ours by so much: an answer asked for so soon after an end says
# nothing about a new life.
CLOCKS_APART = timedelta(seconds=60)


@dataclass(frozen=True)
class News:
    """One thing that was heard: at what moment of the courier's clock, or, asked for, of ours."""

    state: WaybillState
    at: datetime
    source: Source = Source.PUSH


@dataclass(frozen=True)
class Story:
    """How the order stands. `at` is since when; None before anything was heard.

    `moments` have the time of the first news of each. `revived_at` is when a rider took an order
    that had ended: it was dead for us, and lives. `strange` is what did not fit.
    """

    state: WaybillState = WaybillState.WAITING
    at: datetime | None = None
    moments: Mapping[Moment, datetime] = field(default_factory=dict)
    revived_at: datetime | None = None
    strange: tuple[News, ...] = ()

    @property
    def has_ended(self) -> bool:
        return self.state in ENDED

    @property
    def is_dead(self) -> bool:
        return self.state in DEAD


def told(heard: Iterable[News]) -> Story:
    """Returns the story of everything that was heard."""
    story = Story()
    for news in sorted(set(heard), key=_place):
        story = _continued(story, news)
    return story


def _place(news: News) -> tuple[datetime, int, int, str]:
    """Of the same second, the later stage is the later news: a push names whole seconds, and our
    questions do not.
    """
    return (news.at.replace(microsecond=0), stage_of(news.state), news.state, news.source)


def _continued(story: Story, news: News) -> Story:
    if news.state == story.state:
        return story if story.at else _moved(story, news)
    if can_follow(story.state, news.state):
        return _moved(story, news)
    if _revives(story, news):
        return _moved(story, news, revived_at=news.at)
    return Story(
        state=story.state,
        at=story.at,
        moments=story.moments,
        revived_at=story.revived_at,
        strange=(*story.strange, news),
    )


def _moved(story: Story, news: News, revived_at: datetime | None = None) -> Story:
    moments = dict(story.moments)
    for moment in moments_by(news.state):
        moments.setdefault(moment, news.at)
    return Story(
        state=news.state,
        at=news.at,
        moments=moments,
        revived_at=revived_at or story.revived_at,
        strange=story.strange,
    )


def _revives(story: Story, news: News) -> bool:
    """Whether a rider has taken an order that had ended without one, or has even delivered it."""
    after = DEAD - {WaybillState.RETURNED} if news.state == WaybillState.DELIVERED else MAY_REVIVE
    if story.at is None or story.state not in after or news.state in DEAD:
        return False
    if news.state == WaybillState.WAITING:
        return False
    return news.source == Source.PUSH or news.at > story.at + CLOCKS_APART
