from django.core.management.color import no_style
from django.db import migrations


def copy_runs(apps, schema_editor):
    """Every run as it was, under its number."""
    old, new = apps.get_model('trip', 'DrillRun'), apps.get_model('stores', 'DrillRun')
    for values in old.objects.order_by('pk').values().iterator(chunk_size=20):
        new.objects.create(**values, kind='trip')
    schema_editor.deferred_sql += schema_editor.connection.ops.sequence_reset_sql(no_style(), [new])


class Migration(migrations.Migration):
    """The list of runs keeps its name, its address and its permissions: a proxy in place of the table."""

    dependencies = [
        ('stores', '0010_drill_runs'),
        ('trip', '0003_one_idempotency'),
    ]

    operations = [
        migrations.RunPython(copy_runs, migrations.RunPython.noop, elidable=True),
        migrations.DeleteModel('DrillRun'),
        migrations.CreateModel(
            name='DrillRun',
            fields=[
            ],
            options={
                'verbose_name': 'acceptance drill',
                'verbose_name_plural': 'acceptance drills',
                'proxy': True,
                'indexes': [],
                'constraints': [],
            },
            bases=('stores.drillrun',),
        ),
    ]
