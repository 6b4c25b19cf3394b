
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('stores', '0009_tokens_with_an_end'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='DrillRun',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(max_length=40, verbose_name='kind')),
                ('base_url', models.URLField(max_length=300, verbose_name='address')),
                ('checks', models.JSONField(default=list, verbose_name='checks')),
                ('results', models.JSONField(default=list, verbose_name='results')),
                ('error', models.TextField(blank=True, verbose_name='error')),
                ('started_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='started')),
                ('lease_until', models.DateTimeField(editable=False, null=True)),
                ('worked_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='last result')),
                ('finished_at', models.DateTimeField(null=True, verbose_name='finished')),
                ('connection', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='drills', to='stores.connection', verbose_name='connection')),
                ('started_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='started by')),
            ],
            options={
                'verbose_name': 'drill',
                'verbose_name_plural': 'drills',
                'ordering': ['-id'],
                'constraints': [models.UniqueConstraint(condition=models.Q(('finished_at', None)), fields=('connection', 'kind'), name='stores_one_drill_at_a_time')],
            },
        ),
    ]
