import hashlib
from datetime import timedelta

from django.db import migrations
from django.utils import timezone


def carry_over_keys_of_the_last_day(apps, schema_editor):
    """A key was its merchant's, and is now its API key's: each API key of the merchant goes on knowing it.

    Keys of pages are not carried over as such: a coupon whose form is sent again is found by its code.
    """
    VerificationRequest = apps.get_model('coupons', 'VerificationRequest')
    ApiKey, IdempotencyKey = apps.get_model('stores', 'ApiKey'), apps.get_model('stores', 'IdempotencyKey')
    api_keys = {}
    for pk, merchant in ApiKey.objects.values_list('pk', 'merchant'):
        api_keys.setdefault(merchant, []).append(pk)
    carried = [
        IdempotencyKey(
            digest=hashlib.sha256(f'{api_key}:{request.key}'.encode()).hexdigest(),
            fingerprint=request.fingerprint,
            kind='coupons.batch' if request.batch_id else 'coupons.verification',
            subject_id=request.batch_id or request.verification_id,
            created_at=request.created_at,
        )
        for request in VerificationRequest.objects.filter(created_at__gt=timezone.now() - timedelta(hours=24))
        for api_key in api_keys.get(request.merchant_id, ())
    ]
    IdempotencyKey.objects.bulk_create(carried, batch_size=500, ignore_conflicts=True)


class Migration(migrations.Migration):

    dependencies = [
        ('coupons', '0003_chains_and_guesses'),
        ('stores', '0007_idempotency_keys'),
    ]

    operations = [
        migrations.RunPython(carry_over_keys_of_the_last_day, migrations.RunPython.noop, elidable=True),
        migrations.DeleteModel(
            name='VerificationRequest',
        ),
    ]
