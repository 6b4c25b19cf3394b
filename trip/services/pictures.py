"""QR pictures of vouchers by URL (voucherPics): the address contains a signature, not the code."""

import io

import segno
from django.conf import settings
from django.core import signing
from django.urls import reverse

from trip.models import Voucher


def _signer() -> signing.Signer:
    """Signs with HASH_KEY: Meituan keeps the addresses as long as a ticket is valid, which is
    longer than a SECRET_KEY.
    """
    return signing.Signer(key=settings.HASH_KEY, salt="trip.voucher.picture", sep=".")


def picture_url(voucher: Voucher) -> str:
    """Returns the public address of the picture; "" for a voucher without a code."""
    if not voucher.code:
        return ""
    token = _signer().sign(str(voucher.pk))
    return f"{settings.PUBLIC_BASE_URL}{reverse('trip:voucher-picture', args=[token])}"


def voucher_of(token: str) -> Voucher | None:
    """Returns the voucher of a picture's address; None when the signature is not ours."""
    try:
        pk = int(_signer().unsign(token))
    except (signing.BadSignature, ValueError):
        return None
    return Voucher.objects.filter(pk=pk).exclude(code="").first()


def draw(voucher: Voucher) -> bytes:
    """Returns a PNG that is large enough for a phone's screen."""
    out = io.BytesIO()
    segno.make(voucher.code, error="m", micro=False).save(out, kind="png", scale=8, border=4)
    return out.getvalue()
