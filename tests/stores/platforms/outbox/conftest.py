import pytest
from pytest_django.fixtures import Settings


@pytest.fixture(autouse=True)
def _no_pace(settings: Settings) -> None:
    settings.PACE_SECONDS = {"umember": 0.0, "trip": 0.0}
