"""Endpoints for pulls, the edit-audit notice, heartbeat and balance.

Source: docs/platforms/trip.md §3.8 to §3.12.
"""

from typing import Any, ClassVar

from stores.models import Connection
from stores.platforms.reading import texts
from trip import services
from trip.choices import Code
from trip.webhooks.base import Answer, TripEndpoint
from trip.wire import pulls


class Products(TripEndpoint):
    def read(self, body: Any) -> pulls.Page:
        return pulls.parse_page(body, "partnerDealIds")

    def answer(self, connection: Connection, asked: pulls.Page) -> Answer:
        total, deals = services.products_pull(connection=connection, page=asked)
        return Answer(deals, extra={"totalSize": total})


class Places(TripEndpoint):
    def read(self, body: Any) -> pulls.Page:
        return pulls.parse_page(body, "partnerPoiId")

    def answer(self, connection: Connection, asked: pulls.Page) -> Answer:
        total, places = services.places_pull(connection=connection, page=asked)
        return Answer(places, extra={"totalSize": total})


class Prices(TripEndpoint):
    other_code: ClassVar[int] = Code.PRICES_OTHER
    invalid_code = Code.BAD_PRICE_QUERY

    def read(self, body: Any) -> pulls.PricesRequest:
        return pulls.parse_prices(body)

    def answer(self, connection: Connection, asked: pulls.PricesRequest) -> Answer:
        return Answer(services.prices_pull(connection=connection, request=asked))


class Listing(TripEndpoint):
    """The notice may be repeated without effect, so it needs no key."""

    body_is = list

    def read(self, body: Any) -> tuple[pulls.ListingNotice, ...]:
        return pulls.parse_listing(body)

    def answer(self, connection: Connection, asked: tuple[pulls.ListingNotice, ...]) -> Answer:
        services.listing_take(connection=connection, notices=asked)
        return Answer()


class Heartbeat(TripEndpoint):
    """Answers that the system is available."""

    body_is = object

    def answer(self, connection: Connection, asked: Any) -> Answer:
        return Answer()


class Balance(TripEndpoint):
    """Returns -1 (fen) for each balance, because we keep no such accounts."""

    def read(self, body: Any) -> tuple[str, ...]:
        return texts(body, "partnerDealIds", most=1000)

    def answer(self, connection: Connection, asked: tuple[str, ...]) -> Answer:
        none = {"prepaidAccountBalance": -1, "creditAccountBalance": -1}
        return Answer([none | {"partnerDealId": deal_id} for deal_id in asked])
