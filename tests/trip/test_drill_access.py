"""The permission to start the acceptance drill, for the users in
tests/contract/two_merchants.py.
"""

import pytest
from django.urls import reverse
from django.utils import timezone

from tests.contract.test_admins import ROLES, signed_in
from tests.contract.two_merchants import world
from trip.models import DrillRun

pytestmark = pytest.mark.django_db


def test_the_drill_starts_for_the_right_people() -> None:
    made = world()
    DrillRun.objects.update(finished_at=timezone.now())
    connection = made.row("trip.DrillRun").connection  # type: ignore[attr-defined]
    start, data = reverse("admin:trip_drillrun_start"), {"connection": connection.pk}
    found = {role: signed_in(made.people[role]).post(start, data) for role in ROLES}
    assert {role: answer.status_code for role, answer in found.items()} == {
        "clerk": 403,
        "manager": 403,
        "owner": 302,
        "stranger": 404,
        "operator": 302,
        "anonymous": 302,
    }
    assert DrillRun.objects.get(finished_at=None).started_by == made.people["owner"]
