from stores.models.access import ApiKey
from stores.models.audit import AuditEntry
from stores.models.connections import Connection, Pace
from stores.models.drills import DrillRun
from stores.models.idempotency import IdempotencyKey
from stores.models.ledger import Heartbeat, InboundEvent, OutboundAttempt, OutboundCall, RateWindow
from stores.models.people import Merchant, Staff, Store

__all__ = [
    "ApiKey",
    "AuditEntry",
    "Connection",
    "DrillRun",
    "Heartbeat",
    "IdempotencyKey",
    "InboundEvent",
    "Merchant",
    "OutboundAttempt",
    "OutboundCall",
    "Pace",
    "RateWindow",
    "Staff",
    "Store",
]
