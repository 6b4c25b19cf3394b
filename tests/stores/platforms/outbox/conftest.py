import pytest
from pytest_django.fixtures import Settings

from stores.platforms.outbox import working


@pytest.fixture(autouse=True)
def _no_pace(settings: Settings) -> None:
    settings.PACE_SECONDS = {"umember": 0.0, "trip": 0.0}


@pytest.fixture(autouse=True)
def _no_account_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """What this process remembers of an account belongs to one test."""
    monkeypatch.setattr(working, "_unreadable", {})
