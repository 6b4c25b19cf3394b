"""Pushes of a platform against the bare view: as many of each, one after the other."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from stores.models import InboundEvent
from tests.bench import database, load, past
from tests.bench.client import CONNECTIONS, Caller
from tests.bench.context import Bench
from tests.bench.load import Load
from tests.bench.processes import Broken
from tests.bench.report import Figure, median, milliseconds, percentile
from tests.bench.web import Web

# Of the bare view's codes, so that no other section has used them.
FIRST_CODE = 80_000_000
# The first answers of a process cost more.
WARM_UP = 100


@dataclass(frozen=True)
class Kind:
    """Pushes by number, and what stands in the answer to one that was taken."""

    name: str
    request: Callable[[int], bytes]
    acknowledged: bytes
    target: float | None = None


def against_bare(
    bench: Bench, ours: Web, bare: Web, caller: Caller, kinds: Sequence[Kind], *, platform: str
) -> None:
    """Each round has pushes of each kind and as many requests to the bare view. Rounds are short,
    and the ratio is the median of theirs: the machine is another one from second to second.
    """
    rounds, count = bench.size(40, 6), 250
    told: dict[str, list[Load]] = {kind.name: [] for kind in kinds}
    noted: list[Load] = []
    for kind in kinds:
        pushed(ours, kind, 0, WARM_UP)
    _noted(bare, caller, 0, WARM_UP)
    for number in range(rounds):
        first = WARM_UP + number * count
        for kind in kinds if number % 2 == 0 else kinds[::-1]:
            told[kind.name].append(pushed(ours, kind, first, count))
        noted.append(_noted(bare, caller, first, count))
        if number % 10 == 9:
            database.tidy()
    for kind in kinds:
        ratios = [one.rate / note.rate for one, note in zip(told[kind.name], noted, strict=True)]
        usual = f"{percentile(ratios, 0.25):.2f} to {percentile(ratios, 0.75):.2f}"
        raw = (
            f"{_words(told[kind.name])}; bare view {_words(noted)}; {CONNECTIONS} connections, "
            f"half of {rounds} rounds {usual}"
        )
        name = f"{platform}: {kind.name} ÷ bare view"
        bench.report.add(Figure(name, median(ratios), raw, kind.target))


def pushed(ours: Web, kind: Kind, first: int, count: int) -> Load:
    """Sends so many pushes, each of which has to be stored; leaves no trace."""
    from django_q.models import OrmQ

    marks = {model: past.newest(model) for model in (InboundEvent, OrmQ)}
    requests = [kind.request(first + one) for one in range(count)]
    answered = load.drive(ours.address, requests.__getitem__, count=count).expect(200)
    if kind.acknowledged not in answered.last:
        raise Broken(f"a push was answered with {answered.last[-300:]!r}")
    stored = InboundEvent.objects.filter(pk__gt=marks[InboundEvent]).count()
    if stored != count:
        raise Broken(f"{stored} of {count} pushes were stored")
    past.forget_after(marks)
    return answered


def _noted(bare: Web, caller: Caller, first: int, count: int) -> Load:
    return load.drive(bare.address, caller.note, count=count, first=FIRST_CODE + first).expect(201)


def _words(rounds: list[Load]) -> str:
    p99 = median([percentile(one.latencies, 0.99) for one in rounds])
    return f"{median([one.rate for one in rounds]):.0f}/s p99 {milliseconds(p99)}"
