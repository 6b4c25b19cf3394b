"""Marks what earlier drills made, so that lists leave it out."""

from django.db import migrations
from django.db.models import Exists, OuterRef, Q


def mark(apps, schema_editor):
    order = apps.get_model("trip", "Order")
    events = apps.get_model("stores", "InboundEvent").objects.filter(platform="trip")
    of_order = order.objects.filter(
        pk=OuterRef("subject_id"), connection=OuterRef("connection"), is_drill=True
    )
    events.filter(Exists(of_order)).update(is_drill=True)
    calls = apps.get_model("stores", "OutboundCall").objects.filter(platform="trip")
    for operation, model, path in (
        ("ticket.issued", "Order", "is_drill"),
        ("ticket.refund", "Refund", "order__is_drill"),
        ("ticket.used", "Consumption", "order__is_drill"),
    ):
        subjects = apps.get_model("trip", model).objects.filter(
            Q(**{path: True}), pk=OuterRef("subject_id")
        )
        calls.filter(Exists(subjects), operation=operation).update(is_drill=True)


class Migration(migrations.Migration):
    dependencies = [
        ("stores", "0016_drills_leave_no_rows"),
        ("trip", "0007_planned_changes"),
    ]

    operations = [migrations.RunPython(mark, migrations.RunPython.noop)]
