"""The counter's kind for parcel numbers: P and eight digits."""

import re
from datetime import datetime

from django.contrib.auth.models import User

from parcels.models import Parcel
from stores.counter.kinds import CounterKind, Found, ScanResult, Sum
from stores.models import Store

NUMBER = re.compile(r"P\d{8}")


class ParcelKind(CounterKind):
    """Implements stores.counter.kinds.CounterKind."""

    name = "parcel"

    def blocked_reason(self, store: Store) -> str:
        return ""

    def find(self, text: str, store: Store) -> Found:
        return Found(NUMBER.findall(text))

    def may_be_code(self, code: str) -> bool:
        return NUMBER.fullmatch(code) is not None

    def redeem(
        self,
        *,
        user: User,
        store: Store,
        code: str,
        request_key: str,
        patience: float | None = None,
    ) -> ScanResult:
        changed = Parcel.objects.filter(store=store, number=code, is_handed_out=False).update(
            is_handed_out=True
        )
        return self._shown(code, "ok" if changed else "refused")

    def result(self, *, user: User, key: str) -> ScanResult | None:
        row = Parcel.objects.for_staff(user).filter(number=key).first()
        if row is None:
            return None
        return self._shown(key, "ok" if row.is_handed_out else "refused")

    def recent(
        self, *, user: User, store: Store, limit: int, since: datetime | None = None
    ) -> list[ScanResult]:
        return []

    def redeemed_since(self, *, store: Store, moment: datetime) -> Sum:
        return Sum()

    def _shown(self, number: str, state: str) -> ScanResult:
        return ScanResult(kind=self.name, key=number, state=state, title=f"parcel {state}")
