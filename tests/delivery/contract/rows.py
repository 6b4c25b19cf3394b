"""One row of each table for a store."""

from decimal import Decimal

from django.db.models import Model
from django.utils import timezone

from delivery.models import (
    Attempt,
    Authorisation,
    Bill,
    BillLayout,
    BillLine,
    CallQuota,
    CourierAccount,
    Decision,
    Delivery,
    DeliveryMoment,
    DeliveryStore,
    DoctorRun,
    DrillRun,
    LostTokens,
    Quote,
    ReceiverCase,
    StoreCourier,
    WaybillNews,
)
from stores.models import Store
from tests.contract.kinds import Expect, Side
from tests.delivery.factories import (
    AttemptFactory,
    BillFactory,
    CourierAccountFactory,
    DecisionFactory,
    DeliveryFactory,
    DeliveryMomentFactory,
    DeliveryStoreFactory,
    MiniProgramFactory,
    QuoteFactory,
    ReceiverCaseFactory,
    StoreCourierFactory,
    WaybillNewsFactory,
)


def _courier(store: Store) -> StoreCourier:
    """Returns the courier of a store, which has one address."""
    found = StoreCourier.objects.filter(place__store=store).first()
    made: StoreCourier = found or StoreCourierFactory(place__store=store)
    return made


def _attempt(store: Store) -> Attempt:
    made: Attempt = AttemptFactory(delivery__store=store, courier=_courier(store))
    return made


def authorisation(store: Store) -> Authorisation:
    provider = MiniProgramFactory(merchant=None)
    shop = MiniProgramFactory(merchant=store.merchant, parent=provider)
    return Authorisation.objects.create(
        provider=provider,
        appid=shop.account,
        merchant=store.merchant,
        connection=shop,
        state=Authorisation.State.GRANTED,
        told_at=timezone.now(),
    )


def lost_tokens(store: Store) -> LostTokens:
    now, shop = timezone.now(), MiniProgramFactory(merchant=store.merchant)
    return LostTokens.objects.create(connection=shop, serial=1, first_at=now, last_at=now)


def call_quota(store: Store) -> CallQuota:
    shop = MiniProgramFactory(merchant=store.merchant)
    return CallQuota.objects.create(connection=shop, daily=500, left=12, read_at=timezone.now())


ROWS = {
    Attempt: _attempt,
    Authorisation: authorisation,
    Bill: lambda store: BillFactory(courier=_courier(store)),
    BillLayout: lambda store: BillLayout.objects.create(courier=_courier(store)),
    BillLine: lambda store: BillLine.objects.create(bill=BillFactory(courier=_courier(store))),
    CallQuota: call_quota,
    CourierAccount: lambda store: CourierAccountFactory(connection__merchant=store.merchant),
    Decision: lambda store: DecisionFactory(delivery__store=store),
    Delivery: lambda store: DeliveryFactory(store=store),
    DeliveryMoment: lambda store: DeliveryMomentFactory(delivery__store=store),
    DeliveryStore: lambda store: DeliveryStoreFactory(store=store),
    DoctorRun: lambda store: DoctorRun.objects.create(place=DeliveryStoreFactory(store=store)),
    LostTokens: lost_tokens,
    Quote: lambda store: QuoteFactory(delivery__store=store, courier=_courier(store)),
    ReceiverCase: lambda store: ReceiverCaseFactory(delivery__store=store),
    StoreCourier: lambda store: StoreCourierFactory(place__store=store),
    WaybillNews: lambda store: WaybillNewsFactory(attempt=_attempt(store)),
}

ADMINS = {
    "delivery.DeliveryStore": Expect("clerk", add="manager", change="manager"),
    "delivery.CourierAccount": Expect("clerk"),
    "delivery.Delivery": Expect("clerk", buttons=("close_case", "correct", "settle")),
    "delivery.DrillRun": Expect("owner"),
}
EXPORTS = {"delivery.Delivery": "-number"}
# What WeChat calls its ids and secrets.
ENGLISH = {"AppID", "AppSecret", "Token", "EncodingAESKey", "gh_", "wx"}


def admin_rows(side: Side) -> dict[str, Model]:
    """Rows of lists, and rows whose ids stand in the addresses of pages."""
    courier = _courier_of(side.store, side.word)
    bill = BillFactory(courier=courier, file_name=f"{side.word}-bill", by=side.word)
    drill = DrillRun.objects.create(
        connection=courier.account.connection,
        kind="delivery",
        base_url=f"https://{side.word}.example.com",
        started_by=side.people["owner"],
        checks=["order.called"],
        results=[
            {
                "name": "order.called",
                "title": "",
                "outcome": "failed",
                "detail": f"{side.word}-detail",
                "exchanges": [],
            }
        ],
        finished_at=timezone.now(),
    )
    return {
        "delivery.Bill": bill,
        "delivery.CourierAccount": courier.account,
        "delivery.Delivery": _delivery_of(courier, side.word),
        "delivery.DeliveryStore": courier.place,
        "delivery.StoreCourier": courier,
        "delivery.DrillRun": drill,
    }


def hidden_rows(side: Side, store: Store) -> dict[str, Model]:
    courier = _courier_of(store, f"{side.word}-hidden")
    _delivery_of(courier, f"{side.word}-hidden")
    return {"": courier}


def _delivery_of(courier: StoreCourier, word: str) -> Delivery:
    """A delivery with all that its page shows: a dead rider, a live one, prices, a case."""
    store = courier.place.store
    made: Delivery = DeliveryFactory(
        store=store,
        reference=f"{word}-number",
        state=Delivery.State.RUNNING,
        created_by=f"{word}-person",
        cargo={"first_class": f"{word}-kind", "second_class": f"{word}-kind", "goods": []},
        notice={"goods": f"{word}-goods", "count": 1},
        receiver={"name": f"{word}-name", "phone": "13800000002", "address": f"{word}-street"},
    )
    names = {"courier": courier, "courier_code": "SS", "refusal": f"{word}-refusal"}
    dead = Attempt.State.DEAD
    AttemptFactory(
        delivery=made, state=dead, deduction=Decimal(2), shop_order_id=f"{word}-1", **names
    )
    live = AttemptFactory(
        delivery=made,
        fee=Decimal("18.08"),
        waybill_state=303,
        shop_order_id=f"{word}-2",
        **names,
    )
    WaybillNewsFactory(attempt=live, message=f"{word}-message")
    DecisionFactory(delivery=made, attempt=live, by=f"{word}-person")
    QuoteFactory(delivery=made, courier=courier, refusal=f"{word}-refusal")
    DeliveryMomentFactory(delivery=made)
    ReceiverCaseFactory(delivery=made, text=f"{word}-text")
    return made


def _courier_of(store: Store, word: str) -> StoreCourier:
    """A courier of a store whose account all people of the merchant may see."""
    merchant = store.merchant.name.partition("-")[0]
    courier: StoreCourier = StoreCourierFactory(
        place__store=store,
        place__connection__name=f"{merchant}-mini-program",
        place__contact=f"{word}-contact",
        place__city=f"{word}-city",
        place__address=f"{word}-address",
        shop_no=f"{word}-number",
        account__name=f"{merchant}-courier",
        account__shopid=f"{merchant}-shop-{store.pk}",
    )
    return courier
