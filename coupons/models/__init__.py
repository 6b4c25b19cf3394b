from coupons.models.catalogue import GatewayStore, Product, QuotaReading, SyncRun
from coupons.models.verification import (
    Batch,
    BatchItem,
    Channel,
    Lookup,
    Verification,
)

__all__ = [
    "Batch",
    "BatchItem",
    "Channel",
    "GatewayStore",
    "Lookup",
    "Product",
    "QuotaReading",
    "SyncRun",
    "Verification",
]
