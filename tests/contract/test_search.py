"""Every domain with orders says how operators find them over all merchants."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from stores.backoffice.menu import ORDERS
from stores.backoffice.search import Searcher, Sought
from stores.domains import Domain, contributed, domains

WITH_ORDERS = [domain for domain in domains() if any(item.entry is ORDERS for item in domain.menu)]


@pytest.mark.parametrize("domain", WITH_ORDERS, ids=lambda domain: domain.name)
def test_a_domain_with_orders_says_how_they_are_found(domain: Domain, db: None) -> None:
    assert domain.searcher, f"name a Searcher as `searcher` in {domain.name}/apps.py"
    found: list[Any] = contributed("searcher")
    [searcher] = [each for each in found if of_domain(each) == domain.name]
    assert isinstance(searcher, Searcher)
    with CaptureQueriesContext(connection) as asked:
        for sought in (Sought(number="123456"), Sought(tail="1234"), Sought(phone="13800001234")):
            assert searcher.hits(sought) == []
    assert len(asked) <= 3


def of_domain(searcher: Searcher) -> str:
    return str(searcher.rows().model._meta.app_label)
