"""One shop that sends by the couriers of a simulated WeChat."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from pytest_django.fixtures import Settings

from delivery.services import life
from delivery.services.about import AboutRider
from tests.delivery.town import Town, town_of


@pytest.fixture
def town(
    transactional_db: None, quick_tries: None, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Town]:
    monkeypatch.setattr(AboutRider, "first_question", lambda self: timedelta(0))
    monkeypatch.setattr(life, "PROVE_EVERY", timedelta(seconds=0.1))
    monkeypatch.setattr(life, "PROOF_PATIENCE", timedelta(seconds=1))
    with town_of(settings) as made:
        yield made
