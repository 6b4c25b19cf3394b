"""What the contract tests know of instant delivery (tests/contract/collected.py)."""

from tests.delivery.api.contract import PROBLEMS, ROUTES, api_ids
from tests.delivery.contract.calls import OPERATIONS
from tests.delivery.contract.pushes import ENDPOINTS
from tests.delivery.contract.rows import ADMINS, ENGLISH, EXPORTS, ROWS, admin_rows, hidden_rows

__all__ = [
    "ADMINS",
    "ENDPOINTS",
    "ENGLISH",
    "EXPORTS",
    "OPERATIONS",
    "PROBLEMS",
    "ROUTES",
    "ROWS",
    "admin_rows",
    "api_ids",
    "hidden_rows",
]
