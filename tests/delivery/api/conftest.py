"""A shop's own system that calls our API."""

import pytest

from tests.api import Api, api_of
from tests.delivery.town import Town


@pytest.fixture
def api(town: Town) -> Api:
    return api_of(town.place.store.merchant)
