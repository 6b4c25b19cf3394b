"""A merchant that sells all products that the acceptance drill needs, and runs of the drill."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone
from pytest_django.live_server_helper import LiveServer

from stores.drills import runner
from stores.drills.results import Outcome
from stores.models import Connection, DrillRun
from tests.stores.factories import StoreFactory
from tests.trip.factories import OfferFactory, TicketConnectionFactory, TicketProductFactory
from trip.choices import (
    CredentialType,
    Issuing,
    Listing,
    ListingCheck,
    RefundType,
    VisitorInfo,
    VoucherType,
)
from trip.drill import Drill
from trip.models import Place, Product


def every_kind() -> Connection:
    """Returns a merchant's connection with one product of each kind that matters."""
    connection: Connection = TicketConnectionFactory()
    store = StoreFactory(merchant=connection.merchant)
    Place.objects.create(
        store=store, city="北京", longitude=Decimal("116.4"), latitude=Decimal("39.9")
    )
    usual = {"listing": Listing.LISTED, "listing_check": ListingCheck.PASSED, "offer__stock": 5}

    def sell(deal_id: str, **fields: Any) -> Product:
        product: Product = TicketProductFactory(
            connection=connection, store=store, deal_id=deal_id, **{**usual, **fields}
        )
        return product

    sell("ticket")
    sell("code", voucher_type=VoucherType.PER_ORDER)
    sell("list", voucher_type=VoucherType.NONE)
    sell("upstream", issuing=Issuing.UPSTREAM)
    sell("reviewed", refund_review=True)
    sell("final", refund_type=RefundType.NEVER)
    sell("paused", state=Product.State.PAUSED)
    sell(
        "named",
        visitor_info=VisitorInfo.EACH,
        credential_types=[CredentialType.IDENTITY_CARD],
        phone_limit=2,
    )
    day = sell("day", by_calendar=True, offer=False)
    for ahead in (3, 4):
        OfferFactory(product=day, date=timezone.localdate() + timedelta(days=ahead), stock=5)
    return connection


def drill_start(**fields: Any) -> DrillRun:
    return runner.start(Drill.checklist, **fields)


def drilled(
    connection: Connection, live_server: LiveServer, *only: str
) -> dict[str, dict[str, Any]]:
    run = drill_start(connection=connection, base_url=live_server.url, only=only)
    assert runner.run(Drill(run)) is True
    run.refresh_from_db()
    assert (run.error, run.finished_at is None, run.lease_until) == ("", False, None)
    return {result["name"]: result for result in run.results}


def outcomes(results: dict[str, dict[str, Any]], outcome: Outcome) -> dict[str, str]:
    return {
        name: result["detail"] for name, result in results.items() if result["outcome"] == outcome
    }
