"""What stores itself has the queue run again and again."""

from datetime import timedelta

from stores.registry import Schedule, registry

registry.schedules += [
    Schedule("stores.tasks.sweep", timedelta(minutes=1)),
    Schedule("stores.tasks.prune", timedelta(days=1)),
]
