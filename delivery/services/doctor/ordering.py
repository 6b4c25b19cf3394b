"""An order of WeChat's own sandbox, from its call to its end, with the push that must arrive."""

import secrets
import time
from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from delivery.choices import CancelReason, WaybillState
from delivery.client.shop import CourierAccount, WechatClient
from delivery.models import CourierAccount as KnownAccount
from delivery.models import DeliveryStore, StoreCourier
from delivery.services.doctor.findings import Finding, found, in_words, note
from delivery.services.doctor.heard import QuickClient
from delivery.services.orders import order_of
from delivery.services.samples import TEST_COURIER, TEST_SECRET, TEST_SHOP, sample
from delivery.services.wechat import Wechat
from delivery.wire.events import UPDATE
from stores.models import Connection, InboundEvent
from stores.platforms.errors import PlatformError

LOOK_AGAIN = 0.1
CHECK_PUSHES = _(
    "Compare address, Token, EncodingAESKey and 安全模式 in WeChat's console (开发管理 → 开发设置 →"
    " 消息推送) with the form of the connection."
)
CHECK_PROVIDERS_PUSHES = _(
    "Whoever runs this system compares the address for messages, Token and EncodingAESKey at the"
    " open platform (第三方平台 → 开发资料) with the form of the service provider."
)
ACCOUNT = CourierAccount(TEST_COURIER, TEST_SHOP, TEST_SECRET)


def of_order(place: DeliveryStore, *, until: float) -> Finding:
    """Calls WeChat's test courier, has him accept, waits for the push, and cancels.

    It counts against the 500 test orders of a day.
    """
    number = f"ZGT{place.pk}-{secrets.token_hex(6)}"
    since = timezone.now()
    step: list[StrOrPromise] = [_("call a rider")]
    wechat = Wechat(place.connection, client=QuickClient)
    try:
        waybill = wechat.call(lambda client, token: _ordered(client, token, place, number, step))
        is_pushed = _arrives(place.connection, number, since, until)
        step[0] = _("cancel the order")
        wechat.call(lambda client, token: _cancelled(client, token, number, waybill))
    except PlatformError as error:
        said = note(
            _("WeChat's sandbox stopped at “%(step)s”: %(words)s"),
            step=step[0],
            words=in_words(error),
        )
        return found("order", said)
    if not is_pushed:
        said = note(_("The order ran through, but WeChat's push about it did not arrive."))
        is_below = place.connection.parent is not None
        return found("order", said, note(CHECK_PROVIDERS_PUSHES if is_below else CHECK_PUSHES))
    said = note(_("Called, accepted, heard by a push, and cancelled."))
    return found("order", said, is_right=True)


def _ordered(
    client: WechatClient,
    token: str,
    place: DeliveryStore,
    number: str,
    step: list[StrOrPromise],
) -> str:
    """Returns the waybill number."""
    courier = StoreCourier(
        place=place, account=KnownAccount(delivery_id=TEST_COURIER, shopid=TEST_SHOP)
    )
    waybill = client.add(token, ACCOUNT, number, order_of(sample(place), courier))
    step[0] = _("read the order")
    client.state(token, ACCOUNT, number)
    step[0] = _("have a rider accept")
    now = timezone.now()
    client.change_test_order(token, TEST_SHOP, number, WaybillState.ACCEPTED, now)
    return waybill.waybill_id


def _cancelled(client: WechatClient, token: str, number: str, waybill: str) -> None:
    client.cancel(
        token,
        ACCOUNT,
        number,
        waybill_id=waybill,
        reason=CancelReason.NOT_NEEDED,
    )


def _arrives(connection: Connection, number: str, since: datetime, until: float) -> bool:
    """Waits for a push about the order."""
    while not (is_there := has_come(connection, number, since)) and time.monotonic() < until:
        time.sleep(LOOK_AGAIN)
    return is_there


def has_come(connection: Connection, number: str, since: datetime) -> bool:
    """Without `$APPID$` in the provider's address nobody knows whose sandbox order it is: the push
    stays with the provider.
    """
    rows = InboundEvent.objects.filter(
        connection__in={connection.pk, connection.parent_id} - {None},
        kind=UPDATE,
        received_at__gte=since,
    ).order_by("-id")[:50]
    return any(row.body.get("said", {}).get("shop_order_id") == number for row in rows)
