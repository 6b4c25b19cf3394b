"""For tests that still import from here; new ones import from tests/<app>/factories.py."""

from tests.coupons.factories import *  # noqa: F403
from tests.stores.factories import *  # noqa: F403
from tests.trip.factories import *  # noqa: F403
