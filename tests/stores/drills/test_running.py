"""Any checklist can be run: in one go, in slices, and by one process at a time."""

from datetime import timedelta

import pytest
from django.utils import timezone

from stores.conflicts import Conflict
from stores.drills import runner
from stores.drills.checklist import Checklist
from stores.drills.drill import Drill
from stores.drills.results import Outcome
from stores.drills.runner import run
from stores.models import AuditEntry, Connection, DrillRun
from tests.stores.drills.oven import CHECKLIST, HANGS_SECONDS, OvenDrill, started
from tests.stores.factories import ConnectionFactory, UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]
NAMES = ["light.on", "heat.degrees", "heat.steam", "heat.bell"]


@pytest.fixture
def connection() -> Connection:
    made: Connection = ConnectionFactory()
    return made


def found(row: DrillRun) -> list[tuple[str, str, str]]:
    row.refresh_from_db()
    return [(each["name"], each["outcome"], each["detail"]) for each in row.results]


def test_a_run_keeps_what_each_check_found(connection: Connection) -> None:
    row = started(connection)
    assert (row.kind, row.checks, row.results) == ("oven", NAMES, [])
    assert run(OvenDrill(row)) is True
    assert found(row) == [
        ("light.on", "passed", "It took 2 s."),
        ("heat.degrees", "failed", "degrees should be 200, not 180."),
        ("heat.steam", "left_out", "This oven has no water."),
        ("heat.bell", "failed", "It never rang."),
    ]
    assert [row.count(outcome) for outcome in Outcome] == [1, 2, 1]
    assert (row.error, row.finished_at is None, row.lease_until) == ("", False, None)
    assert not row.has_passed


def test_a_result_holds_the_messages_of_its_check_alone(connection: Connection) -> None:
    row = started(connection)
    run(OvenDrill(row))
    messages = [[each["operation"] for each in result["exchanges"]] for result in row.results]
    assert messages == [["light"], ["heat"], [], []]


def test_a_check_that_hangs_ends_after_its_seconds_and_the_next_slice_goes_on(
    connection: Connection,
) -> None:
    row = started(connection, "heat.bell", "light.on")
    drill = OvenDrill(row)
    assert run(drill, seconds=HANGS_SECONDS / 10) is False
    assert found(row) == [("heat.bell", "failed", "It never rang.")]
    assert (row.finished_at, row.lease_until) == (None, None)
    assert run(OvenDrill(row), seconds=60) is True
    assert [name for name, _outcome, _detail in found(row)] == ["heat.bell", "light.on"]


def test_what_checks_did_is_undone_after_each_and_at_both_ends(connection: Connection) -> None:
    drill = OvenDrill(started(connection, "light.on", "heat.steam"))
    run(drill)
    assert drill.undone == ["forgotten", "check", "check", "run"]


def test_progress_is_told_each_result(connection: Connection) -> None:
    heard: list[str] = []
    row = started(connection, "light.on", "heat.steam")
    run(OvenDrill(row), progress=lambda result: heard.append(result.title))
    assert heard == ["The light goes on", "It makes steam"]


def test_a_check_that_breaks_fails_and_the_run_goes_on(connection: Connection) -> None:
    class BrokenDrill(Drill):
        checklist = Checklist[Drill]("broken")

    @BrokenDrill.checklist.check("it.breaks", "It breaks")
    def breaks(drill: Drill) -> None:
        raise ZeroDivisionError

    row = runner.start(BrokenDrill.checklist, connection=connection, base_url="http://x")
    assert run(BrokenDrill(row)) is True
    assert found(row) == [("it.breaks", "failed", "The check itself broke: ZeroDivisionError()")]


def test_an_error_of_the_drill_itself_ends_the_run(connection: Connection) -> None:
    class LeakyDrill(OvenDrill):
        def tidy(self) -> None:
            raise RuntimeError("cannot undo it")

    row = started(connection)
    with pytest.raises(RuntimeError):
        run(LeakyDrill(row))
    row.refresh_from_db()
    assert (row.error, row.finished_at is None) == ("RuntimeError: cannot undo it", False)
    assert not row.has_passed


def test_a_run_that_another_process_works_on_is_left_alone(connection: Connection) -> None:
    row = started(connection)
    DrillRun.objects.update(lease_until=timezone.now() + timedelta(minutes=1))
    assert run(OvenDrill(row)) is True
    assert found(row) == []


def test_one_drill_of_a_kind_runs_at_a_connection_until_it_is_abandoned(
    connection: Connection,
) -> None:
    first = started(connection)
    with pytest.raises(Conflict):
        started(connection)
    other = runner.start(Checklist("onboarding"), connection=connection, base_url="http://x")
    DrillRun.objects.update(worked_at=timezone.now() - timedelta(minutes=11))
    started(connection)
    first.refresh_from_db()
    other.refresh_from_db()
    assert (first.error, other.error) == ("abandoned", "")


def test_a_start_is_in_the_audit_log_under_its_kind(connection: Connection) -> None:
    user = UserFactory()
    row = runner.start(CHECKLIST, connection=connection, base_url="http://x", actor=user)
    entry = AuditEntry.objects.get(verb="oven.drill.started")
    assert (entry.merchant, entry.user, row.started_by) == (connection.merchant, user, user)


def test_a_run_has_passed_when_nothing_failed(connection: Connection) -> None:
    row = started(connection, "light.on", "heat.steam")
    assert not row.has_passed
    run(OvenDrill(row))
    assert row.has_passed


@pytest.mark.parametrize(
    ("wishes", "names"),
    [
        ([], []),
        (["heat"], NAMES[1:]),
        (["heat.bell", "light"], ["light.on", "heat.bell"]),
        (["heat.bell", "heat"], NAMES[1:]),
    ],
)
def test_checks_are_chosen_by_name_or_group(wishes: list[str], names: list[str]) -> None:
    assert CHECKLIST.chosen(wishes) == names


@pytest.mark.parametrize("wish", ["hea", "heat.", "", "fire.hot"])
def test_a_wish_that_is_no_check_is_refused(wish: str) -> None:
    with pytest.raises(KeyError):
        CHECKLIST.chosen(["heat", wish])


def test_two_checks_have_two_names() -> None:
    with pytest.raises(ValueError, match=r"two checks are called heat\.bell"):
        CHECKLIST.check("heat.bell", "Once more")(lambda drill: None)
