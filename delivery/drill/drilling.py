"""The tools of the checks: orders of WeChat's test courier, and the pushes about them."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from typing import TypeVar

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

# Whoever runs the drill handles its pushes, if no worker does.
import delivery.webhooks.handlers  # noqa: F401
from delivery.choices import Audit, Source, WaybillState
from delivery.client.shop import CourierAccount as Account
from delivery.client.shop import WechatClient
from delivery.drill.recording import Message, RecordingClient
from delivery.models import Attempt, CourierAccount, Delivery, DeliveryStore, StoreCourier
from delivery.services import about, life
from delivery.services.doctor.findings import in_words
from delivery.services.orders import account_of, order_of
from delivery.services.samples import TEST_COURIER, TEST_SECRET, TEST_SHOP, sample
from delivery.services.wechat import Wechat
from delivery.wire.events import UPDATE
from stores.drills.checklist import Checklist
from stores.drills.drill import Drill as BaseDrill
from stores.drills.results import Failed, LeftOut
from stores.models import DrillRun, InboundEvent
from stores.platforms.errors import PlatformError
from stores.platforms.inbound import inbox
from stores.transitions import move

T = TypeVar("T")
# WeChat pushes within a second; it tries four times within fifteen.
ARRIVAL_SECONDS = 10.0
GROUPS: dict[str, StrOrPromise] = {
    "bind": _("Bind couriers"),
    "order": _("Order in the sandbox"),
    "states": _("Each state, by push"),
    "cancel": _("Cancel"),
    "abnormal": _("Something goes wrong"),
    "live": _("Go live"),
}
CHECKLIST: Checklist[Drill] = Checklist(
    "delivery", GROUPS, hidden=frozenset({"delivery_sign", "phone", "rider_phone"})
)
check = CHECKLIST.check


class Drill(BaseDrill):
    """The tools of one run. Its deliveries are found by their reference, so that another process
    can go on with the run.
    """

    checklist = CHECKLIST

    def __init__(self, run: DrillRun) -> None:
        super().__init__(run)
        self.wechat = Wechat(run.connection, client=RecordingClient)
        client = self.wechat.client
        if isinstance(client, RecordingClient):
            client.heard = self._note_message

    def _note_message(self, message: Message) -> None:
        self.exchanges.append(message)

    # Tidying

    def tidy_forgotten(self) -> None:
        self.tidy_up()

    def tidy_up(self) -> None:
        """Takes away what the drill has made, of all runs of this mini-program."""
        self._deliveries().delete()
        couriers = StoreCourier.objects.filter(
            place__connection=self.connection, account__shopid=TEST_SHOP, is_active=False
        )
        couriers.filter(attempts=None).delete()
        accounts = CourierAccount.objects.filter(connection=self.connection, shopid=TEST_SHOP)
        accounts.filter(audit=None, stores=None).delete()

    def _deliveries(self) -> QuerySet[Delivery]:
        stores = DeliveryStore.objects.filter(connection=self.connection).values("store")
        return Delivery.objects.filter(is_drill=True, store__in=stores)

    # What checks do

    def ask(self, request: Callable[[WechatClient, str], T]) -> T:
        """Calls WeChat. Raises Failed in the words of its refusal."""
        try:
            return self.wechat.call(request)
        except PlatformError as error:
            raise Failed(in_words(error)) from error

    @property
    def place(self) -> DeliveryStore:
        """From where the drill sends. Raises LeftOut where the mini-program has no store."""
        rows = DeliveryStore.objects.filter(connection=self.connection).order_by("pk")
        found = rows.select_related("store__merchant", "connection").first()
        if found is None:
            raise LeftOut(_("Add a store with its address first."))
        return found

    def rider(self, name: str) -> Attempt:
        """Returns the rider of an order of this run, who is called for it once."""
        reference = f"drill-{self.run.pk}-{name}"
        delivery = self._deliveries().filter(reference=reference).first()
        if delivery is None:
            return self._called(reference)
        attempt: Attempt = delivery.attempts.get()
        if attempt.state == Attempt.State.CALLING:
            raise LeftOut(_("WeChat's sandbox did not take the order."))
        return attempt

    def _called(self, reference: str) -> Attempt:
        courier = self._courier()
        delivery = sample(
            self.place,
            reference=reference,
            slug=secrets.token_urlsafe(16),
            state=Delivery.State.RUNNING,
            is_drill=True,
        )
        delivery.save()
        attempt: Attempt = Attempt.objects.create(
            delivery=delivery,
            courier=courier,
            courier_code=TEST_COURIER,
            shopid=TEST_SHOP,
            shop_order_id=f"ZGDRILL{self.run.pk}-{secrets.token_hex(5)}",
        )
        order, account = order_of(delivery, courier), account_of(courier)
        answer = self.ask(
            lambda client, token: client.add(token, account, attempt.shop_order_id, order)
        )
        with transaction.atomic():
            locked = life.locked(attempt.pk)
            if locked.state == Attempt.State.CALLING:
                move(locked, Attempt.State.LIVE)
            about.adopt_waybill(locked, answer)
        return locked

    def _courier(self) -> StoreCourier:
        """WeChat's test courier: not active, so that nothing else ever calls it."""
        account, _is_new = CourierAccount.objects.get_or_create(
            connection=self.connection,
            delivery_id=TEST_COURIER,
            shopid=TEST_SHOP,
            # Hidden from what chooses accounts, unless WeChat lists it.
            defaults={"audit": None, "vanished_at": timezone.now()},
        )
        courier, _is_new = StoreCourier.objects.select_related(
            "account", "place__store"
        ).get_or_create(
            place=self.place, account=account, defaults={"secret": TEST_SECRET, "is_active": False}
        )
        found: StoreCourier = courier
        return found

    def account(self) -> Account:
        return Account(TEST_COURIER, TEST_SHOP, TEST_SECRET)

    def reach(self, attempt: Attempt, state: WaybillState) -> None:
        """Has the order reach a state, and waits for the push about it. Raises Failed."""
        number, at = attempt.shop_order_id, timezone.now()
        self.ask(
            lambda client, token: client.change_test_order(token, TEST_SHOP, number, state, at)
        )
        self.expect_push(attempt, state)

    def expect_push(self, attempt: Attempt, state: WaybillState) -> None:
        begun = time.monotonic()
        if not self.is_pushed(attempt, state):
            raise Failed(
                _(
                    "No push about %(code)d “%(state)s” arrived within %(seconds)d s. Compare"
                    " address, Token and EncodingAESKey in WeChat's console with the form of the"
                    " connection."
                ),
                code=int(state),
                state=state.label,
                seconds=int(ARRIVAL_SECONDS),
            )
        waited = time.monotonic() - begun
        self.note(_("The push came after %(seconds).1f s."), seconds=waited)
        attempt.refresh_from_db()
        self.expect_equal("order_status", attempt.waybill_state, int(state))

    def is_pushed(self, attempt: Attempt, state: WaybillState) -> bool:
        """Whether a push about this state arrives in time and is taken in."""

        def is_heard() -> bool:
            self._handle(attempt)
            return attempt.news.filter(code=state, source=Source.PUSH).exists()

        return self.wait_until(is_heard, seconds=ARRIVAL_SECONDS)

    def _handle(self, attempt: Attempt) -> None:
        rows = InboundEvent.objects.live().filter(
            connection=self.connection, kind=UPDATE, received_at__gte=self.run.started_at
        )
        for row in rows:
            said = row.body.get("said", {})
            if said.get("shop_order_id") == attempt.shop_order_id:
                inbox.handle(row.pk)

    def passed_accounts(self) -> list[str]:
        """Returns the real accounts that WeChat lists and has let through."""
        listed = self.ask(lambda client, token: client.accounts(token))
        return [
            f"{each.delivery_id} {each.shopid}"
            for each in listed
            if each.delivery_id != TEST_COURIER and each.audit == Audit.PASSED
        ]
