"""One set-up check, and what it says in English."""

from typing import Any

from delivery.models import DeliveryStore, DoctorRun
from delivery.services import doctor


def check(place: DeliveryStore, *, with_order: bool = False) -> dict[str, dict[str, Any]]:
    """Returns the rows of a run by name."""
    run = doctor.start(place=place, with_order=with_order, actor="小王")
    doctor.carry_out(run)
    kept = DoctorRun.objects.get(place=place)
    assert kept.finished_at
    assert [row["name"] for row in kept.results] == list(doctor.TITLES)
    return {row["name"]: row for row in kept.results}


def verdicts(rows: dict[str, dict[str, Any]]) -> dict[str, str]:
    return {name: row["verdict"] for name, row in rows.items()}


def words(row: dict[str, Any]) -> str:
    return " ".join(text["en"] for text in (*row["said"], *row["todo"]))
