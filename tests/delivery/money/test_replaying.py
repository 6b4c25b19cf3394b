"""Stored choices of couriers are made again, by the same rule and by another."""

import json
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from delivery.models import Attempt, Decision, DeliveryStore
from delivery.services.choosing import (
    Acceptance,
    Facts,
    Offer,
    Prefer,
    Rule,
    chosen,
    ranking,
)
from delivery.services.dispatching import delivery_dispatch
from delivery.services.replaying import replay, what_if
from delivery.services.rules import BrokenRule, read_rule
from tests.delivery.factories import (
    AttemptFactory,
    CourierAccountFactory,
    DeliveryFactory,
    DeliveryStoreFactory,
    StoreCourierFactory,
)
from tests.delivery.town import Town

OFFERS = (
    Offer("DADA", Decimal("7.50"), 900),
    Offer("SS", Decimal("18.00"), 420),
    Offer("MTPS"),
)
MONTH = timedelta(days=30)


@pytest.fixture
def place(db: None) -> DeliveryStore:
    made: DeliveryStore = DeliveryStoreFactory()
    return made


def decided(place: DeliveryStore, by: Rule | None = None, **fields: Any) -> Decision:
    """A stored choice of a rule; `fields` are stored otherwise than they came about."""
    by = by or Rule()
    at = fields.pop("at", timezone.now())
    facts = Facts(at, Decimal("46.50"), fields.pop("offers", OFFERS), fields.pop("acceptance", {}))
    ranked = ranking(by, facts)
    best = chosen(ranked)
    rows = [
        {
            "courier": each.offer.courier,
            "why_not": str(each.why_not or ""),
            "note": str(each.note or ""),
        }
        for each in ranked
    ]
    usual: dict[str, Any] = {
        "delivery": DeliveryFactory(store=place.store),
        "chosen": best.offer.courier if best else "",
        "rule": by.as_json(),
        "facts": facts.as_json(),
        "ranking": rows,
        "at": at,
    }
    return Decision.objects.create(**(usual | fields))


def run(command: str, *args: str) -> tuple[Any, int]:
    """What a command printed (JSON where asked for), and its exit code."""
    out, code = StringIO(), 0
    try:
        call_command(command, *args, stdout=out, stderr=StringIO())
    except SystemExit as ended:
        code = int(str(ended.code))
    return (json.loads(out.getvalue()) if "--json" in args else out.getvalue()), code


def test_choices_that_come_out_the_same_are_counted(place: DeliveryStore) -> None:
    decided(place)
    decided(place, Rule(Prefer.FASTEST))
    Decision.objects.create(delivery=DeliveryFactory(store=place.store), chosen="SS", by="小王")
    assert run("delivery_replay") == ("2 the same, 0 different, 1 chosen by hand\n", 0)
    assert run("delivery_replay", str(place.store_id), "--json") == (
        {"same": 2, "by_hand": 1, "differences": []},
        0,
    )


def test_a_choice_that_comes_out_otherwise_ends_with_1(place: DeliveryStore) -> None:
    row = decided(place, chosen="SS")
    text, code = run("delivery_replay")
    assert code == 1
    assert f"decision {row.pk} of delivery {row.delivery_id}" in text
    assert "another choice: SS stored, DADA now" in text
    told, code = run("delivery_replay", "--json")
    assert (told["differences"][0]["stored"], told["differences"][0]["now"], code) == (
        "SS",
        "DADA",
        1,
    )


def test_another_ranking_is_a_difference_too(place: DeliveryStore) -> None:
    row = decided(place)
    Decision.objects.update(ranking=row.ranking[::-1])
    (found,) = replay(None, timezone.now() - MONTH).differences
    assert found.problem == "the same choice, but another ranking"


@pytest.mark.parametrize(
    "broken",
    [
        {"rule": {"prefer": "the one"}},
        {"rule": [1]},
        {"facts": {}},
        {"facts": {"at": "now", "value": "x", "offers": None, "acceptance": 1, "tried": 0}},
        {"ranking": {"a": 1}},
        {"ranking": [1]},
    ],
)
def test_what_cannot_be_read_is_a_difference_and_stops_no_other(
    place: DeliveryStore, broken: dict[str, Any]
) -> None:
    decided(place, **broken)
    decided(place)
    found = replay(place.store, timezone.now() - MONTH)
    assert (found.same, len(found.differences)) == (1, 1)
    assert "cannot be read" in found.differences[0].problem


def test_only_the_days_and_the_store_asked_for_are_replayed(place: DeliveryStore) -> None:
    other = DeliveryStoreFactory()
    decided(other, chosen="SS")
    decided(place, at=timezone.now() - timedelta(days=40), chosen="SS")
    assert run("delivery_replay", str(place.store_id))[1] == 0
    assert run("delivery_replay", str(place.store_id), "--days", "50")[1] == 1
    assert run("delivery_replay", other.store.name)[1] == 1


def test_a_choice_of_the_rule_comes_out_the_same_from_what_is_stored(town: Town) -> None:
    delivery_dispatch(delivery=town.delivery(), courier=None, actor="rule")
    found = replay(town.place.store, timezone.now() - MONTH)
    assert (found.same, found.differences) == (1, [])


@pytest.mark.parametrize("days", ["0", "-1", "401", "x", "1e3", "９"])
def test_days_are_a_number(days: str) -> None:
    for command in (["delivery_replay"], ["delivery_what_if", "1", "--rule={}"]):
        with pytest.raises(CommandError, match="number of days"):
            call_command(*command, f"--days={days}")


def test_another_rule_shows_cost_and_waiting_before_and_after(place: DeliveryStore) -> None:
    for name, waits in (("DADA", (30, 60, 90)), ("SS", (10, 20, 30))):
        account = CourierAccountFactory(connection=place.connection, delivery_id=name)
        by = StoreCourierFactory(place=place, account=account)
        for wait in waits:
            at = timezone.now() - timedelta(hours=2)
            AttemptFactory(
                delivery__store=place.store,
                courier=by,
                courier_code=name,
                called_at=at,
                accepted_at=at + timedelta(seconds=wait),
                state=Attempt.State.DELIVERED,
            )
    first = decided(place)
    decided(place, offers=OFFERS[:1])
    decided(place, rule={}, facts={})
    rule = '{"prefer": "fastest"}'
    told, code = run("delivery_what_if", str(place.store_id), "--rule", rule, "--json")
    assert code == 0
    assert told["rule"]["prefer"] == "fastest"
    assert [told[name] for name in ("decisions", "unreadable", "nobody")] == [2, 0, 0]
    (change,) = told["changes"]
    assert (change["delivery"], change["before"], change["after"]) == (
        first.delivery_id,
        "DADA",
        "SS",
    )
    assert (change["fee_before"], change["fee_after"]) == ("7.50", "18.00")
    assert told["fees"] == {"orders": 2, "before": "15.00", "after": "25.50"}
    assert told["seconds"] == {"orders": 2, "before": 900, "after": 660}
    assert told["acceptance"] == {"orders": 2, "before": 60, "after": 40}
    text, _code = run("delivery_what_if", str(place.store_id), "--rule", rule)
    assert "DADA → SS, ¥7.50 → ¥18.00" in text
    assert "1 of 2 choices would be others, 0 of them nobody" in text
    assert "fees: ¥15.00 → ¥25.50 (2 orders)" in text


def test_a_rule_that_chooses_nobody_says_so(place: DeliveryStore) -> None:
    decided(place)
    rule = '{"ceiling": "1.00"}'
    text, _code = run("delivery_what_if", str(place.store_id), "--rule", rule)
    assert "DADA → nobody, ¥7.50 → no price" in text
    assert "1 of 1 choices would be others, 1 of them nobody" in text
    assert "fees: not known" in text


def test_other_minutes_are_weighed_by_what_was_known_then(place: DeliveryStore) -> None:
    now = timezone.now()
    for code, wait in (("DADA", 8), ("SS", 3)):
        account = CourierAccountFactory(connection=place.connection, delivery_id=code)
        by = StoreCourierFactory(place=place, account=account)
        for week in range(1, 5):
            for number in range(10):
                at = now - timedelta(weeks=week)
                AttemptFactory(
                    delivery__store=place.store,
                    courier=by,
                    courier_code=code,
                    shop_order_id=f"{code}{week}-{number}",
                    called_at=at,
                    accepted_at=at + timedelta(minutes=wait),
                    state=Attempt.State.DELIVERED,
                )
    then = {"DADA": Acceptance(40, 40), "SS": Acceptance(40, 40)}
    decided(place, Rule(Prefer.LIKELY, minutes=10), acceptance=then)
    found = what_if(place, Rule(Prefer.LIKELY, minutes=5), now - MONTH)
    assert [(each.before, each.after) for each in found.changes] == [("DADA", "SS")]
    assert what_if(place, Rule(Prefer.LIKELY, minutes=10), now - MONTH).changes == []


def test_choices_that_cannot_be_read_are_counted(place: DeliveryStore) -> None:
    decided(place, facts={"broken": 1})
    decided(place, chosen="GONE")
    text, code = run("delivery_what_if", str(place.store_id), "--rule={}")
    assert ("2 stored choices cannot be read" in text, code) == (True, 0)


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("fastest", "no JSON"),
        ("[]", "no object"),
        ("[" * 3000, "no JSON"),
        ("x" * 5000, "too long"),
        ('{"prefers": "fastest"}', "no 'prefers'"),
        ('{"prefer": "best"}', "is one of cheapest"),
        ('{"prefer": []}', "is one of cheapest"),
        ('{"listed": "SS"}', "list of couriers"),
        ('{"listed": [1]}', "list of couriers"),
        ('{"listed": ["SS", "SS"]}', "twice"),
        ('{"ceiling": "-1"}', "from 0 to 1000, or null"),
        ('{"ceiling": NaN}', "no number"),
        ('{"ceiling": "NaN"}', "from 0 to 1000"),
        ('{"ceiling": 1e99}', "from 0 to 1000"),
        ('{"ceiling": true}', "from 0 to 1000"),
        ('{"ceiling_percent": {}}', "from 0 to 1000"),
        ('{"tip": null}', "from 0 to 1000."),
        ('{"minutes": 1.5}', "whole number"),
        ('{"minutes": 0}', "whole number"),
        ('{"minutes": true}', "whole number"),
        ('{"likely_percent": 101}', "from 0 to 100"),
    ],
)
def test_a_broken_rule_is_wrong_usage_and_said_in_words(
    place: DeliveryStore, rule: str, words: str
) -> None:
    with pytest.raises(CommandError, match=words) as error:
        call_command("delivery_what_if", str(place.store_id), "--rule", rule)
    assert error.value.returncode == 3


def test_a_store_that_does_not_send_is_wrong_usage(place: DeliveryStore) -> None:
    DeliveryStore.objects.all().delete()
    with pytest.raises(CommandError, match="does not send") as error:
        call_command("delivery_what_if", str(place.store_id), "--rule={}")
    assert error.value.returncode == 3


def test_what_a_rule_does_not_say_is_as_in_the_stores_rule() -> None:
    usual = Rule(Prefer.LISTED, listed=("SS", "DADA"), ceiling=Decimal(25), minutes=7)
    assert read_rule("{}", usual) == usual
    changed = read_rule('{"ceiling": null, "tip": 2.5, "minutes": 3}', usual)
    assert changed == Rule(Prefer.LISTED, listed=("SS", "DADA"), tip=Decimal("2.5"), minutes=3)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=5,
)
names = st.sampled_from(["prefer", "listed", "ceiling", "ceiling_percent", "tip", "minutes"])


@given(st.dictionaries(names, values, max_size=3))
def test_no_rule_breaks_the_reader(rule: dict[str, Any]) -> None:
    with suppress(BrokenRule):
        assert read_rule(json.dumps(rule), Rule()).as_json()
