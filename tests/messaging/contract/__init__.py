"""The data of takeaway for the contract tests."""

from tests.messaging.contract.api import PROBLEMS, ROUTES, api_ids
from tests.messaging.contract.calls import OPERATIONS
from tests.messaging.contract.pushes import ENDPOINTS
from tests.messaging.contract.rows import (
    ADMINS,
    ENGLISH,
    EXPORTS,
    ROWS,
    admin_rows,
    hidden_rows,
)

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
