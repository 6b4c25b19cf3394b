"""What the start page and the board ask about troubles is found by partial indexes."""

from delivery.models import Attempt, Delivery
from delivery.pages import board_rows
from tests.plans import without_reading_whole_tables


def test_troubles_are_found_by_their_index_among_any_number(db: None) -> None:
    with without_reading_whole_tables():
        revived = Attempt.objects.revived().filter(delivery__store__in=[1]).explain()
        needing = Delivery.objects.filter(store__in=[1]).needing_person().explain()
        cases = board_rows._open_cases([1]).explain()
    assert "delivery_attempt_revived" in revived
    assert "delivery_needs_person" in needing
    assert "delivery_one_open_case" in needing
    assert "delivery_one_open_case" in cases
