"""What coupons adds to the shared registry: dashboard, counter, sandbox, demo, schedules."""

from datetime import timedelta

from stores.registry import Schedule, registry

registry.sandbox_classes.append("coupons.sandbox.UmemberSandbox")
registry.schedules += [
    Schedule("coupons.tasks.sync_all_stores", timedelta(minutes=30)),
    Schedule("coupons.tasks.sync_all_products", timedelta(hours=6)),
    Schedule("coupons.tasks.prune_lookups", timedelta(days=1)),
]
