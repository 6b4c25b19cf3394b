"""Deliveries in a browser: entered by hand and as a table, listed, and looked at."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import Page, expect

from delivery.demo.part import COURIERS, PLACE
from delivery.models import Attempt, Delivery, DeliveryStore, StoreCourier
from delivery.services.choosing import Acceptance, Facts, Offer, Prefer, Rule, ranking
from stores.roles import Role
from tests.back_office import page as address
from tests.browser.conftest import Visitor
from tests.delivery.entry.typing import TYPED, table
from tests.delivery.factories import (
    AttemptFactory,
    CourierAccountFactory,
    DecisionFactory,
    DeliveryFactory,
    DeliveryMomentFactory,
    MiniProgramFactory,
    QuoteFactory,
    ReceiverCaseFactory,
    StoreCourierFactory,
    WaybillNewsFactory,
)
from tests.stores.factories import MerchantFactory, StoreFactory, member

SIZES = pytest.mark.parametrize(("width", "height"), [(1280, 860), (360, 780)])
Kept = Callable[[Page, str], None]
PASTED = "林晓梅 13900001234 浙江省杭州市西湖区文三路88号3幢502室"


@pytest.fixture
def place(transactional_db: None) -> DeliveryStore:
    store = StoreFactory(merchant=MerchantFactory(name="海棠文娱"), name="江南小厨（文三路店）")
    connection = MiniProgramFactory(merchant=store.merchant)
    made = DeliveryStore.objects.create(store=store, connection=connection, **PLACE)
    for delivery_id, name, shop_no, _code in COURIERS:
        account = CourierAccountFactory(connection=connection, delivery_id=delivery_id, name=name)
        StoreCourierFactory(place=made, account=account, shop_no=shop_no)
    return made


@pytest.fixture
def manager(place: DeliveryStore) -> User:
    return member(place.store.merchant, Role.MANAGER, place.store, username="wangwei")


OFFERS = [
    Offer("DADA", Decimal("7.56"), 1800),
    Offer("SS", Decimal("18.08"), 1500),
    Offer("MTPS"),
    Offer("UU", refusal="超出配送范围"),
]


@pytest.fixture
def ridden(place: DeliveryStore) -> Delivery:
    """A delivery for which a second rider was called, with all that a page can show."""
    couriers = {row.account.delivery_id: row for row in place.couriers.select_related("account")}
    made: Delivery = DeliveryFactory(
        store=place.store, reference="1201-1048-7F3A", state=Delivery.State.RUNNING
    )
    dead, live = cancelled(made, couriers["SS"]), riding(made, couriers["DADA"])
    for number, offer in enumerate(OFFERS):
        row = couriers[offer.courier]
        QuoteFactory(delivery=made, courier=row, round=2, fee=offer.fee, refusal=offer.refusal)
        QuoteFactory(delivery=made, courier=row, round=1, fee=Decimal(8 + number))
    DecisionFactory(delivery=made, attempt=dead, by="王伟")
    DecisionFactory(delivery=made, attempt=live, chosen="DADA", by="", **decided_by_rule())
    for code in (102, 201, 202, 301):
        WaybillNewsFactory(attempt=live, code=code, message="骑手更新" if code == 201 else "")
    DeliveryMomentFactory(delivery=made)
    ReceiverCaseFactory(delivery=made)
    return made


def cancelled(delivery: Delivery, courier: StoreCourier) -> Attempt:
    made: Attempt = AttemptFactory(
        delivery=delivery,
        courier=courier,
        state=Attempt.State.DEAD,
        fee=Decimal("18.08"),
        deduction=Decimal(2),
        waybill_state=103,
        ended_at=timezone.now(),
    )
    return made


def riding(delivery: Delivery, courier: StoreCourier) -> Attempt:
    made: Attempt = AttemptFactory(
        delivery=delivery,
        courier=courier,
        courier_code=courier.account.delivery_id,
        fee=Decimal("7.56"),
        delivery_fee=Decimal("7.56"),
        tip=Decimal(3),
        waybill_state=301,
        distance=1820,
        accepted_at=timezone.now(),
        rider={"name": "王建国", "phone": "17033334444"},
    )
    return made


def decided_by_rule() -> dict[str, Any]:
    """The rule, what it knew, and how it ranked the offers, as a decision keeps them."""
    rule = Rule(prefer=Prefer.LIKELY, ceiling=Decimal(15))
    facts = Facts(timezone.now(), Decimal("46.50"), OFFERS, {"DADA": Acceptance(40, 38)})
    ranked = [
        {
            "courier": each.offer.courier,
            "why_not": str(each.why_not or ""),
            "note": str(each.note or ""),
        }
        for each in ranking(rule, facts)
    ]
    return {"rule": rule.as_json(), "facts": facts.as_json(), "ranking": ranked}


@SIZES
def test_a_delivery_is_entered_by_hand(
    visitor: Visitor, manager: User, width: int, height: int, kept: Kept
) -> None:
    page = visitor.page(width=width, height=height, user=manager)
    page.goto("/wechat/new/")
    kept(page, "new")
    page.locator("#id_pasted").fill(PASTED)
    page.locator('fieldset button[value="read"]').click()
    expect(page.locator("#id_city")).to_have_value("杭州市")
    for name in ("openid", "goods", "value", "weight", "page", "picture"):
        page.locator(f"#id_{name}").fill(TYPED[name])
    page.locator("#id_kind").select_option(TYPED["kind"])
    page.locator("#id_lng").fill("30.287120")
    page.locator("#id_lat").fill("120.125310")
    page.locator('button[value="save"]').click()
    expect(page.locator(".meant")).to_be_visible()
    # The browser notes that the form was refused.
    assert all("422" in complaint for complaint in visitor.complaints)
    visitor.complaints.clear()
    kept(page, "new-swapped")
    page.locator('button[value="place"]').click()
    expect(page.locator("#id_lng")).to_have_value("120.125310")
    page.locator('button[value="save"]').click()
    expect(page.locator("h2", has_text="收货人").first).to_be_visible()
    assert Delivery.objects.get().receiver["name"] == "林晓梅"


@SIZES
def test_a_table_is_looked_at_and_imported(
    visitor: Visitor, manager: User, width: int, height: int, kept: Kept, tmp_path: Path
) -> None:
    page = visitor.page(width=width, height=height, user=manager)
    page.goto("/wechat/new/table/")
    kept(page, "import")
    text = table({"reference": "A"}, {"reference": "B", "value": "9999"}, {"reference": "C"})
    (tmp_path / "orders.csv").write_bytes(text.encode("gb18030"))
    page.locator("#file").set_input_files(tmp_path / "orders.csv")
    expect(page.locator(".rows li.wrong")).to_have_count(1)
    kept(page, "import-looked-at")
    page.locator('button[value="import"]').click()
    expect(page.locator(".rows a")).to_have_count(2)
    kept(page, "imported")
    assert Delivery.objects.count() == 2


@SIZES
def test_deliveries_are_listed_and_looked_at(
    visitor: Visitor, manager: User, ridden: Delivery, width: int, height: int, kept: Kept
) -> None:
    page = visitor.page(width=width, height=height, user=manager)
    page.goto("/admin/delivery/delivery/")
    kept(page, "deliveries")
    page.goto(address(ridden))
    kept(page, "delivery")
    page.get_by_role("button", name="显示收货人").click()
    expect(page.get_by_text("13800000002")).to_be_visible()
    page.goto("/admin/")
    kept(page, "start")
