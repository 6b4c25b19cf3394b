"""Client for the five calls of the umember gateway (docs/platforms/umember.md §3).

`Authorization` contains the bare token, without `Bearer` (§1).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from coupons import wire
from stores.platforms.client import PlatformClient
from stores.platforms.errors import PlatformError
from stores.text import mask_secret


@contextmanager
def _hiding(code: str) -> Iterator[None]:
    """Masks the code in the errors of the gateway, whose text is stored and may repeat the code."""
    try:
        yield
    except PlatformError as error:
        error.hide(code)
        raise


class UmemberClient(PlatformClient):
    """One typed method per remote call. All methods raise PlatformError
    (stores/platforms/errors.py).
    """

    def login(self, email: str, password: str) -> str:
        """POST /open/login → the token, a JWT that is valid for one day by the gateway's
        documents.
        """
        answer = self.request("POST", "/open/login", body={"email": email, "password": password})
        return wire.open_login(answer)

    def stores(self, token: str) -> list[wire.RemoteStore]:
        """GET …/store/list → the account's stores with authorisation and calls left."""
        answer = self.request(
            "GET", "/open/user/meituan/store/list", headers={"Authorization": token}
        )
        return wire.parse_stores(wire.open_envelope(answer))

    def products(self, token: str, store_id: int) -> list[wire.RemoteProduct]:
        """GET …/coupon/list → the store's deals on sale, prices in yuan."""
        answer = self.request(
            "GET",
            "/open/user/meituan/coupon/list",
            headers={"Authorization": token},
            params={"store_id": str(store_id)},
        )
        return wire.parse_products(wire.open_envelope(answer))

    def detail(self, token: str, store_id: int, code: str) -> wire.CouponDetail:
        """GET …/coupon/detail → order, deal and state of a code."""
        with _hiding(code):
            answer = self.request(
                "GET",
                "/open/user/meituan/coupon/detail",
                headers={"Authorization": token},
                params={"store_id": str(store_id), "coupon_code": code},
            )
            detail = wire.parse_detail(wire.open_envelope(answer))
        return replace(detail, status_text=mask_secret(code, detail.status_text))

    def verify(self, token: str, store_id: int, code: str) -> wire.VerifyAnswer:
        """POST …/coupon/verify: spends the code. No idempotency key, no undo."""
        with _hiding(code):
            answer = self.request(
                "POST",
                "/open/user/meituan/coupon/verify",
                headers={"Authorization": token},
                body={"store_id": store_id, "coupon_code": code},
            )
            verified = wire.parse_verify(wire.open_envelope(answer))
        return replace(verified, message=mask_secret(code, verified.message))
