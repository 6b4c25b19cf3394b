"""The drill passes nothing that it could not see: against an address where every call fails, no
check passes.
"""

import pytest

from stores.drills import runner
from stores.drills.results import Outcome
from tests.canned import Canned, answer
from tests.trip.drilling import drill_start, every_kind, outcomes
from trip.drill import Drill

pytestmark = pytest.mark.django_db(transaction=True)
NOWHERE = {
    "nobody answers": b"",
    "another site": answer("<html>not found</html>", 404),
    "a broken server": answer("<html>error</html>", 500),
    "another program": answer("{}", 200),
    "a text": answer("ok", 200),
}


@pytest.mark.parametrize("told", NOWHERE.values(), ids=NOWHERE)
def test_no_check_passes_where_every_call_fails(told: bytes) -> None:
    with Canned(told) as server:
        run = drill_start(connection=every_kind(), base_url=server.url)
        assert runner.run(Drill(run)) is True
    run.refresh_from_db()
    results = {result["name"]: result for result in run.results}
    assert outcomes(results, Outcome.PASSED) == {}
    assert len(outcomes(results, Outcome.FAILED)) > 20
