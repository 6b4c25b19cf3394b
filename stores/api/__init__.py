"""What the API's views of all domains share.

views.py takes requests · inputs.py reads what comes in · paging.py goes through lists · shown.py makes rows into JSON ·
schema.py describes it for OpenAPI.
"""

from stores.api.inputs import MAX_ID, MAX_WAIT, ListFilter, Moment, field_of
from stores.api.paging import Pages, PagesById
from stores.api.schema import IDEMPOTENCY_KEY, WAIT, problem_examples, problems
from stores.api.shown import yuan
from stores.api.views import MAX_BODY, ApiDocs, ApiView, no_such_route

__all__ = [
    "IDEMPOTENCY_KEY",
    "MAX_BODY",
    "MAX_ID",
    "MAX_WAIT",
    "WAIT",
    "ApiDocs",
    "ApiView",
    "ListFilter",
    "Moment",
    "Pages",
    "PagesById",
    "field_of",
    "no_such_route",
    "problem_examples",
    "problems",
    "yuan",
]
