"""One row of each table for a store."""

from django.db.models import Model
from django.utils import timezone

from delivery.models import (
    Attempt,
    Authorisation,
    Bill,
    BillLayout,
    BillLine,
    CourierAccount,
    Decision,
    Delivery,
    DeliveryMoment,
    DeliveryStore,
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


ROWS = {
    Attempt: _attempt,
    Authorisation: authorisation,
    Bill: lambda store: BillFactory(courier=_courier(store)),
    BillLayout: lambda store: BillLayout.objects.create(courier=_courier(store)),
    BillLine: lambda store: BillLine.objects.create(bill=BillFactory(courier=_courier(store))),
    CourierAccount: lambda store: CourierAccountFactory(connection__merchant=store.merchant),
    Decision: lambda store: DecisionFactory(delivery__store=store),
    Delivery: lambda store: DeliveryFactory(store=store),
    DeliveryMoment: lambda store: DeliveryMomentFactory(delivery__store=store),
    DeliveryStore: lambda store: DeliveryStoreFactory(store=store),
    LostTokens: lost_tokens,
    Quote: lambda store: QuoteFactory(delivery__store=store, courier=_courier(store)),
    ReceiverCase: lambda store: ReceiverCaseFactory(delivery__store=store),
    StoreCourier: lambda store: StoreCourierFactory(place__store=store),
    WaybillNews: lambda store: WaybillNewsFactory(attempt=_attempt(store)),
}

ADMINS = {
    "delivery.DeliveryStore": Expect("clerk", add="manager", change="manager"),
    "delivery.CourierAccount": Expect("clerk"),
}
# What WeChat calls its ids and secrets.
ENGLISH = {"AppID", "AppSecret", "Token", "EncodingAESKey", "gh_", "wx"}


def admin_rows(side: Side) -> dict[str, Model]:
    """Rows of lists, and rows whose ids stand in the addresses of pages."""
    courier = _courier_of(side.store, side.word)
    bill = BillFactory(courier=courier, file_name=f"{side.word}-bill", by=side.word)
    return {
        "delivery.Bill": bill,
        "delivery.CourierAccount": courier.account,
        "delivery.DeliveryStore": courier.place,
        "delivery.StoreCourier": courier,
    }


def hidden_rows(side: Side, store: Store) -> dict[str, Model]:
    return {"": _courier_of(store, f"{side.word}-hidden")}


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
