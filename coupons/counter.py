"""Group coupons at the counter: the coupon kind of the scan box, and the texts that staff read
about a verification.
"""

import contextlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Literal

from django.contrib.auth.models import User
from django.db.models import Count, Sum
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_stubs_ext import StrOrPromise

from coupons import codes, services
from coupons.choices import PLATFORM
from coupons.models import Channel, Verification
from coupons.models.verification import VerificationQuerySet
from coupons.reasons import HELD_UP, READ, TEXTS, UNDECIDED, Reason, Texts
from coupons.services.lookups import gateway_of
from stores import audit
from stores.conflicts import Conflict
from stores.counter import kinds
from stores.counter.kinds import SEARCHED, CounterKind, Found, ScanResult
from stores.idempotency import form_key
from stores.models import Connection, Store
from stores.platforms.outbox.place import PlaceInLine
from stores.roles import Permission
from stores.tenancy import Access, access_of
from stores.text import is_id

Status = Verification.Status
# The suffix of a result's key whose scan joined an earlier verification.
REPEATED = "-repeated"
_STATES: dict[str, Literal["ok", "refused", "unknown"]] = {
    Status.VERIFIED: "ok",
    Status.REFUSED: "refused",
    Status.UNKNOWN: "unknown",
}
_TITLES: dict[str, StrOrPromise] = {
    Status.VERIFIED: gettext_lazy("Verified"),
    Status.QUEUED: gettext_lazy("Waiting for its turn"),
    Status.SENDING: gettext_lazy("Being verified"),
}


class CouponKind(CounterKind):
    """Implements stores.counter.kinds.CounterKind."""

    name = "coupon"

    def blocked_reason(self, store: Store) -> StrOrPromise:
        gateway = gateway_of(store)
        reason = gateway.blocking_reason if gateway else _reason_not_listed(store)
        if not reason:
            return ""
        return format_lazy("{} {}", TEXTS[reason].staff, TEXTS[reason].next_step)

    def find(self, text: str, store: Store) -> Found:
        reading = codes.read(text)
        if reading.no_code is None:
            return Found(reading.codes, reading.offered, seen=reading.seen)
        texts = READ[reading.no_code]
        return Found((), reading.offered, texts.staff, texts.next_step, reading.seen)

    def may_be_code(self, code: str) -> bool:
        return codes.is_code(code)

    def redeem(
        self,
        *,
        user: User,
        store: Store,
        code: str,
        request_key: str,
        patience: float | None = None,
    ) -> ScanResult:
        requested = services.verification_request(
            store=store,
            code=code,
            channel=Channel.COUNTER,
            actor=user,
            flow=f"user:{user.pk}",
            request_key=form_key(request_key, store.pk, code),
        )
        row = services.verification_process(
            requested.verification, in_background=True, patience=patience
        )
        result = _result(row, user)
        return _as_repeated(result) if requested.joined else result

    def retry(self, *, user: User, store: Store, key: str, request_key: str) -> ScanResult | None:
        number = key.removesuffix(REPEATED)
        if not is_id(number) or not (code := services.code_to_retry(store, int(number))):
            return None
        return self.redeem(user=user, store=store, code=code, request_key=request_key)

    def withdraw(self, *, user: User, store: Store, key: str) -> ScanResult | None:
        number = key.removesuffix(REPEATED)
        rows = _rows().for_staff(user).filter(store=store)
        row = rows.filter(pk=int(number)).first() if is_id(number) else None
        if row is None:
            return None
        # Too late: the card shows what became of it.
        with contextlib.suppress(Conflict):
            services.verification_withdraw(verification=row, actor=user)
        row.refresh_from_db()
        return _result(row, user)

    def result(self, *, user: User, key: str) -> ScanResult | None:
        number = key.removesuffix(REPEATED)
        if not is_id(number):
            return None
        row = _rows().for_staff(user).filter(pk=int(number)).first()
        if row is None:
            return None
        row = services.verification_process(row, wake=False, in_background=True)
        result = _result(row, user)
        return result if number == key else _as_repeated(result)

    def recent(
        self, *, user: User, store: Store, limit: int, since: datetime | None = None
    ) -> list[ScanResult]:
        rows = _rows().for_staff(user).filter(store=store).exclude(channel=Channel.BATCH)
        if since:
            rows = rows.filter(created_at__gte=since)
        latest = list(rows[:limit])
        places = services.places_of(latest)
        return [scan_result_of(row, places.get(row.pk), access_of(user)) for row in latest]

    def with_tail(self, *, user: User, store: Store, tail: str, limit: int) -> list[ScanResult]:
        since = timezone.now() - SEARCHED
        rows = _rows().for_staff(user).filter(store=store, code_tail=tail, created_at__gte=since)
        access = access_of(user)
        return [_with_name(scan_result_of(row, None, access), row) for row in rows[:limit]]

    def redeemed_since(self, *, store: Store, moment: datetime) -> kinds.Sum:
        verified = Verification.objects.filter(
            store=store, created_at__gte=moment, status=Status.VERIFIED
        )
        found = verified.order_by().aggregate(count=Count("pk"), worth=Sum("value"))
        return kinds.Sum(found["count"], found["worth"] or Decimal(0))


def _reason_not_listed(store: Store) -> str:
    """Returns a reason for a store that is not at the gateway, unless its merchant uses other
    platforms only.
    """
    platforms = set(
        Connection.objects.filter(merchant=store.merchant_id).values_list("platform", flat=True)
    )
    if platforms and PLATFORM not in platforms:
        return ""
    return Reason.STORE_UNAUTHORISED


def _rows() -> VerificationQuerySet:
    """Reads the fields of a result, but not the codes, which would be decrypted without need."""
    rows = Verification.objects.select_related("store", "product", "duplicate_of__store")
    return rows.defer("code", "duplicate_of__code")


def _result(verification: Verification, user: User) -> ScanResult:
    return scan_result_of(verification, services.place_of(verification), access_of(user))


def scan_result_of(
    verification: Verification, place: PlaceInLine | None, access: Access
) -> ScanResult:
    """Returns the result that staff with this access see of a verification, with its place in line
    while it waits.
    """
    texts, slow = _texts_of(verification), _slow(verification, place)
    if place and place.is_held_up:
        texts, place = HELD_UP, None
    title = _TITLES.get(verification.status, verification.get_status_display())
    if slow:
        # It has had its turn: "next in line, about 1 second" would be untrue.
        title, place = _TITLES[Status.SENDING], None
    return ScanResult(
        kind=CouponKind.name,
        key=str(verification.pk),
        state=_STATES.get(verification.status, "waiting"),
        title=texts.staff if texts else title,
        lines=[*_lines(verification, access), *slow],
        next_step=_next_step(verification, texts, access),
        place=place,
        code=f"…{verification.code_tail}",
        at=verification.settled_at or verification.created_at,
        can_retry=services.may_retry(verification),
        can_withdraw=verification.status == Status.QUEUED and bool(slow or texts),
        is_self_service=verification.channel == Channel.GUEST,
    )


def _with_name(result: ScanResult, row: Verification) -> ScanResult:
    who = _("Requested by: %(who)s") % {"who": audit.shown(row.requested_by)}
    return result if result.is_self_service else replace(result, lines=[*result.lines, who])


def _as_repeated(result: ScanResult) -> ScanResult:
    """Returns the result of another scan of the same code: of two guests with one picture, only one
    may see a success.
    """
    result = replace(result, key=result.key + REPEATED)
    if result.state != "ok":
        return result
    return replace(
        result,
        state="repeated",
        title=_("Already verified a moment ago (%(time)s)")
        % {"time": date_format(timezone.localtime(result.at), "H:i")},
        next_step=_("The same code was scanned again. It counts only once."),
    )


def _texts_of(verification: Verification) -> Texts | None:
    if verification.status == Status.REFUSED:
        return TEXTS.get(verification.reason)
    return verification.unclear


def _lines(verification: Verification, access: Access) -> Sequence[str]:
    lines = [deal_of(verification)]
    if first := _first_use(verification):
        lines.append(verified_by(verification, first, access))
    elif verification.status == Status.VERIFIED and verification.inferred:
        lines.append(_("The answer was lost; the coupon's state shows that it was verified."))
    if verification.status == Status.VERIFIED and verification.unmapped:
        lines.append(str(TEXTS[Reason.SKU_UNMAPPED].staff))
    if verification.status == Status.REFUSED and verification.gateway_message:
        lines.append(_("Meituan's words: %(words)s") % {"words": verification.gateway_message})
    return [line for line in lines if line]


def _slow(verification: Verification, place: PlaceInLine | None) -> list[str]:
    text = services.slow_text(verification, place)
    return [text] if text else []


def _first_use(verification: Verification) -> Verification | None:
    """Returns the verification that used the code of a refused one, as far as our ledger knows it;
    it may have been settled later.
    """
    if verification.duplicate_of or verification.reason != Reason.ALREADY_USED:
        return verification.duplicate_of
    return services.first_verified(verification)


def deal_of(verification: Verification) -> str:
    """Returns name and price (yuan) of the deal, as far as they are known."""
    if verification.value is None:
        return verification.deal
    return f"{verification.deal} ¥{verification.value}"


def verified_by(duplicate: Verification, first: Verification, access: Access) -> str:
    """Returns when the code of a duplicate was verified; the user and the store are named only to
    staff with access to it.
    """
    at = timezone.localtime(first.settled_at or first.created_at)
    is_guest = first.channel == Channel.GUEST
    who = _("a guest") if is_guest else audit.shown(first.requested_by)
    values = {"who": who, "when": date_format(at, "Y-m-d H:i")}
    if first.store_id == duplicate.store_id:
        return _("Verified by %(who)s on %(when)s") % values
    if first.is_within(access):
        values["store"] = first.store.name
        return _("Verified by %(who)s at %(store)s on %(when)s") % values
    return _("Verified at another store on %(when)s") % values


def _next_step(verification: Verification, texts: Texts | None, access: Access) -> StrOrPromise:
    if texts is UNDECIDED and not access.has_permission(
        Permission.SETTLE, verification.store.merchant_id
    ):
        return _("Call the manager or the owner, who decides it. Do not enter it again elsewhere.")
    return texts.next_step if texts else ""
