"""A question is judged once: repetitions, twins at the same moment, judges who fail, and answers
that are not final.
"""

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection as database
from pytest_django import DjangoAssertNumQueries

from stores.models import Connection, InboundEvent, Merchant
from stores.platforms.inbound.once import AnswerAndRollback, StoredAnswer, answer_once
from tests.stores.factories import ConnectionFactory

Judge = Callable[[], StoredAnswer]


def ask(
    connection: Connection, judge: Judge, *, kind: str = "order.create", key: str = "7", **body: Any
) -> str:
    return answer_once(connection=connection, kind=kind, key=key, body=body, handle=judge)


def judge(
    text: str,
    *,
    final: bool = True,
    subject_id: int | None = None,
    effect: str = "",
    takes: float = 0,
) -> Judge:
    """Says `text`; its effect, if any, is a merchant of that name."""

    def judging() -> StoredAnswer:
        if effect:
            Merchant.objects.create(name=effect)
        time.sleep(takes)
        return StoredAnswer(text, final, subject_id)

    return judging


def declining(text: str, *, final: bool = True) -> Judge:
    """Has an effect and then says no."""

    def judging() -> StoredAnswer:
        Merchant.objects.create(name="effect")
        raise AnswerAndRollback(StoredAnswer(text, final))

    return judging


def forbidden() -> StoredAnswer:
    raise AssertionError("a final answer is not judged again")


def effects() -> int:
    return Merchant.objects.filter(name="effect").count()


def at_once(*askers: Callable[[], str]) -> list[str]:
    """What each of them was told when all ask at the same moment; "" for whom it failed."""
    start, told = threading.Barrier(len(askers)), [""] * len(askers)

    def run(place: int, asker: Callable[[], str]) -> None:
        try:
            start.wait(5)
            told[place] = asker()
        finally:
            database.close()

    threads = [
        threading.Thread(target=run, args=(place, asker)) for place, asker in enumerate(askers)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    return told


def test_an_answer_is_stored_with_what_it_is_about(connection: Connection) -> None:
    assert ask(connection, judge('{"code":200}', subject_id=5), quantity=2) == '{"code":200}'
    event = InboundEvent.objects.get()
    assert (event.platform, event.kind, event.dedup_key) == ("umember", "order.create", "7")
    assert (event.answer, event.is_final, event.subject_id) == ('{"code":200}', True, 5)
    assert (event.state, event.attempts, event.repeats, event.body) == (
        "handled",
        1,
        0,
        {"quantity": 2},
    )
    assert event.handled_at is not None


def test_a_final_answer_is_repeated_byte_for_byte(connection: Connection) -> None:
    text = '{"code":200,  "describe":"成功 é\\u0000"}'
    assert ask(connection, judge(text, effect="effect")) == text
    assert [ask(connection, forbidden) for _ in range(3)] == [text] * 3
    assert effects() == 1
    assert InboundEvent.objects.get().repeats == 3


def test_questions_of_another_kind_key_or_connection_are_others(connection: Connection) -> None:
    other = ConnectionFactory()
    assert ask(connection, judge("a")) == "a"
    assert ask(connection, judge("b"), key="8") == "b"
    assert ask(connection, judge("c"), kind="order.pay") == "c"
    assert ask(other, judge("d")) == "d"
    assert InboundEvent.objects.count() == 4


def test_an_answer_that_is_not_final_is_judged_anew_until_it_is(connection: Connection) -> None:
    assert ask(connection, judge("issuing", final=False, subject_id=5)) == "issuing"
    assert ask(connection, judge("still issuing", final=False)) == "still issuing"
    assert ask(connection, judge("issued", effect="effect")) == "issued"
    assert ask(connection, forbidden) == "issued"
    event = InboundEvent.objects.get()
    assert (event.answer, event.is_final, event.subject_id) == ("issued", True, 5)
    assert (event.attempts, event.repeats) == (3, 3)


@pytest.mark.parametrize("final", [True, False])
def test_a_no_undoes_what_was_done_and_is_kept(connection: Connection, final: bool) -> None:
    assert ask(connection, declining("sold out", final=final)) == "sold out"
    assert (effects(), InboundEvent.objects.get().answer) == (0, "sold out")
    assert ask(connection, judge("sold", effect="effect")) == ("sold out" if final else "sold")
    assert effects() == (0 if final else 1)


def test_a_second_no_is_kept_too(connection: Connection) -> None:
    ask(connection, declining("sold out", final=False))
    assert ask(connection, declining("closed")) == "closed"
    assert ask(connection, forbidden) == "closed"
    assert (effects(), InboundEvent.objects.get().attempts) == (0, 2)


def test_a_judge_that_fails_leaves_nothing(connection: Connection) -> None:
    def failing() -> StoredAnswer:
        Merchant.objects.create(name="effect")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        ask(connection, failing)
    assert (effects(), InboundEvent.objects.count()) == (0, 0)
    ask(connection, judge("waiting", final=False))
    with pytest.raises(ZeroDivisionError):
        ask(connection, failing)
    event = InboundEvent.objects.get()
    assert (effects(), event.answer, event.attempts) == (0, "waiting", 1)
    assert ask(connection, judge("done", effect="effect")) == "done"


def test_a_first_answer_needs_one_look_and_one_insert(
    connection: Connection, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    # In a test's transaction, BEGIN and COMMIT are a savepoint's.
    with django_assert_num_queries(4):
        ask(connection, judge("a"))
    with django_assert_num_queries(2):
        ask(connection, forbidden)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("twins", [2, 5])
def test_twins_at_once_get_one_answer_and_leave_one_effect(
    connection: Connection, twins: int
) -> None:
    def asker(number: int) -> Callable[[], str]:
        return lambda: ask(connection, judge(f"answer {number}", effect="effect", takes=0.2))

    told = at_once(*(asker(number) for number in range(twins)))
    event = InboundEvent.objects.get()
    assert told == [event.answer] * twins
    assert event.answer.startswith("answer ")
    assert (effects(), event.repeats) == (1, twins - 1)


@pytest.mark.django_db(transaction=True)
def test_of_twins_that_ask_again_only_one_is_judged(connection: Connection) -> None:
    ask(connection, judge("issuing", final=False))

    def asker(number: int) -> Callable[[], str]:
        return lambda: ask(connection, judge(f"issued {number}", effect="effect", takes=0.2))

    told = at_once(asker(1), asker(2), asker(3))
    assert told == [InboundEvent.objects.get().answer] * 3
    assert told[0].startswith("issued ")
    assert (effects(), InboundEvent.objects.get().repeats) == (1, 3)


@pytest.mark.django_db(transaction=True)
def test_a_no_that_a_twin_overtakes_tells_the_twins_answer(connection: Connection) -> None:
    def overtaken() -> StoredAnswer:
        told = at_once(lambda: ask(connection, judge("sold", effect="effect")))
        assert told == ["sold"]
        raise AnswerAndRollback(StoredAnswer("sold out"))

    if database.vendor == "sqlite":
        pytest.skip("on SQLite no twin gets in while a judge is at work")
    assert ask(connection, overtaken) == "sold"
    assert (effects(), InboundEvent.objects.count()) == (1, 1)


@pytest.mark.django_db(transaction=True)
def test_questions_about_different_things_do_not_disturb_each_other(connection: Connection) -> None:
    def asker(key: str) -> Callable[[], str]:
        return lambda: ask(connection, judge(f"answer {key}", effect="effect"), key=key)

    assert at_once(*(asker(str(number)) for number in range(4))) == [
        f"answer {number}" for number in range(4)
    ]
    assert (effects(), InboundEvent.objects.count()) == (4, 4)
