"""Encrypts what the ledgers hold already, in batches that commit one by one.

A run that is cut off goes on where it ended: what is encrypted already is left alone.
"""

import json

from django.db import migrations, models, transaction
from django.db.models import F, Value
from django.db.models.functions import Cast

from stores.fields import SecretUnreadable, decrypt, encrypt

BATCH = 500
CONTENT = {
    'InboundEvent': ('body', 'answer', 'earlier', 'error'),
    'OutboundCall': ('payload',),
    'OutboundAttempt': ('sent', 'detail'),
}
EMPTY = {'body': '{}', 'earlier': '[]', 'payload': '{}'}


def encrypt_content(apps, schema_editor):
    def sealed(name, raw):
        if not raw or is_encrypted(raw) or raw == EMPTY.get(name):
            return raw if raw != EMPTY.get(name) else ''
        return encrypt(json.dumps(json.loads(raw), ensure_ascii=False) if name in EMPTY else raw)

    _rewrite(apps, sealed)


def decrypt_content(apps, schema_editor):
    def opened(name, raw):
        if not raw:
            return EMPTY.get(name, '')
        return decrypt(raw) if is_encrypted(raw) else raw

    _rewrite(apps, opened)


def is_encrypted(raw):
    try:
        decrypt(raw)
    except SecretUnreadable:
        return False
    return True


def _rewrite(apps, change):
    for model, names in CONTENT.items():
        rows = apps.get_model('stores', model)._default_manager.order_by('pk')
        # The stored texts: the fields themselves would decrypt them.
        raw = {f'raw_{name}': Cast(F(name), models.TextField()) for name in names}
        last = 0
        while batch := list(rows.filter(pk__gt=last).annotate(**raw).values('pk', *raw)[:BATCH]):
            with transaction.atomic():
                for row in batch:
                    _write(rows, names, row, change)
            last = batch[-1]['pk']


def _write(rows, names, row, change):
    old = {name: row[f'raw_{name}'] for name in names}
    new = {name: change(name, text) for name, text in old.items()}
    changed = {name: Value(text, output_field=models.TextField()) for name, text in new.items() if text != old[name]}
    if changed:
        rows.filter(pk=row['pk']).update(**changed)


class Migration(migrations.Migration):

    atomic = False

    dependencies = [
        ('stores', '0004_content_at_rest'),
    ]

    operations = [
        migrations.RunPython(encrypt_content, decrypt_content),
    ]
