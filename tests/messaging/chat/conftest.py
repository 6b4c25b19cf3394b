"""A store whose account's secret is known."""

from collections.abc import Iterator

import pytest
from pytest_django.fixtures import Settings

from messaging.models import TakeawayStore
from tests.messaging.chat.writing import SECRET
from tests.messaging.factories import SIGN_KEY
from tests.messaging.meituan import Meituan, meituan_of


@pytest.fixture
def binding(binding: TakeawayStore) -> TakeawayStore:
    developer = binding.connection.parent
    assert developer
    developer.credentials = {"sign_key": SIGN_KEY, "im_secret": SECRET}
    developer.save()
    return binding


@pytest.fixture
def meituan(binding: TakeawayStore, settings: Settings) -> Iterator[Meituan]:
    with meituan_of(binding, settings) as made:
        developer = binding.connection.parent
        assert developer
        made.post(
            "developers",
            developer_id=int(developer.account),
            sign_key=SIGN_KEY,
            im_secret=SECRET,
        )
        yield made
