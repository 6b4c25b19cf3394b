from datetime import timedelta

import pytest
from pytest_django.fixtures import Settings

from coupons.services.operations import SpendCoupon
from stores.platforms import errors
from stores.platforms.outbox import delivering
from tests.coupons.factories import Shop


@pytest.fixture
def quick(settings: Settings, monkeypatch: pytest.MonkeyPatch, shop: Shop) -> Shop:
    """The shop without the real pace and waiting times, for tests whose point they are not."""
    settings.PACE_SECONDS = {"umember": 0.01}
    settings.UMEMBER_TIMEOUT = (1.0, 1.0)
    shop.sandbox.platform("umember").configure(rate_limit=None)  # type: ignore[attr-defined]
    monkeypatch.setattr(delivering, "BACKOFF", (0.05,))
    monkeypatch.setattr(delivering, "ACCOUNT_BACKOFF", (0.05,))
    monkeypatch.setattr(SpendCoupon, "ask_after", timedelta(seconds=0.05))
    monkeypatch.setattr(SpendCoupon, "at_work", timedelta(0))
    real = errors.Throttled.__init__
    monkeypatch.setattr(
        errors.Throttled, "__init__", lambda self, detail="", after=0.05: real(self, detail, after)
    )
    return shop
