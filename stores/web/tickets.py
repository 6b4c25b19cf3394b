"""Tickets by which an open page asks without a session whether anything is new in some stores.

Pages ask every 1.5 seconds, so that most answers must cost little.
"""

from collections.abc import Callable, Collection

from django.core import signing
from django.http import HttpRequest, HttpResponse

# So long a page of somebody who was signed out may seem fresh, unless there is news.
TICKET_SECONDS = 600
# More would make the address too long.
MOST_STORES = 50


class Tickets:
    """`salt` tells the tickets of one kind of page; `digest_of` returns a text that is another one
    once anything in the stores is; `seen` is the parameter in which a page sends the last one.
    """

    def __init__(
        self, salt: str, *, digest_of: Callable[[Collection[int]], str], seen: str
    ) -> None:
        self.salt, self.digest_of, self.seen = salt, digest_of, seen

    def of(self, store_ids: Collection[int]) -> str:
        """Returns the ticket for these stores; "" for too many."""
        is_short = len(store_ids) <= MOST_STORES
        return signing.dumps(sorted(store_ids), salt=self.salt) if is_short else ""

    def unchanged(self, request: HttpRequest) -> HttpResponse | None:
        """Answers 204 while the digest is as it was, to whoever has a `ticket` that is not too old;
        else None. A ticket tells nothing but whether something is new.
        """
        seen = request.GET.get(self.seen, "")
        known = self._stores_of(request.GET.get("ticket", ""))
        if request.method != "GET" or not (seen and known and seen == self.digest_of(known)):
            return None
        return HttpResponse(status=204, headers={"Cache-Control": "no-store"})

    def _stores_of(self, ticket: str) -> list[int] | None:
        try:
            known: list[int] = signing.loads(ticket, salt=self.salt, max_age=TICKET_SECONDS)
        except signing.BadSignature:
            return None
        return known
