"""The description of the coupon API names the scopes that each operation needs."""

import re

from stores.models import ApiKey
from tests.contract.test_api_routes import described
from tests.coupons.contract import ROUTES


def test_every_operation_names_the_scopes_that_it_takes() -> None:
    others = ("trip_", "takeaway_", "conversations_", "deliveries_", "store_deliveries")
    texts = [text for name, text in described().items() if not name.startswith(others)]
    named = [
        sorted(set(re.findall("`([a-z]+)`", text)) & set(ApiKey.all_scopes())) for text in texts
    ]
    assert named
    assert sorted(named) == sorted(sorted(route.scope.split()) for route in ROUTES)
