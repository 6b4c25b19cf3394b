"""Setting up instant delivery in a browser, on a desk and on a phone."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import Page, expect

from delivery.choices import Audit
from delivery.demo.part import COURIERS, PLACE
from delivery.models import CourierAccount, DeliveryStore
from stores.models import Connection
from stores.roles import Role
from tests.back_office import page as address
from tests.browser.conftest import Visitor
from tests.delivery.factories import (
    CourierAccountFactory,
    MiniProgramFactory,
    StoreCourierFactory,
)
from tests.stores.factories import MerchantFactory, StoreFactory, member

SIZES = pytest.mark.parametrize(("width", "height"), [(1280, 860), (360, 780)])
ADD = "/admin/stores/connection/add/?platform=wechat"
PASTED = "林晓梅 13800000001 浙江省杭州市西湖区文三路88号1楼"


@pytest.fixture
def owner(transactional_db: None) -> User:
    return member(MerchantFactory(name="海棠文娱"), Role.OWNER, username="linxiaomei")


@pytest.fixture
def connection(owner: User) -> Connection:
    made: Connection = MiniProgramFactory(
        merchant=owner.memberships.get().merchant,
        name="海棠文娱·小程序",
        credentials={"secret": "s", "push_token": "t", "previous_push_token": "u"},
    )
    return made


@pytest.fixture
def place(connection: Connection) -> DeliveryStore:
    """A store with five couriers, one of which is paused, and one without a secret."""
    store = StoreFactory(merchant=connection.merchant, name="雀友棋牌室（人民路店）")
    made = DeliveryStore.objects.create(store=store, connection=connection, **PLACE)
    paused = {"paused_until": timezone.now() + timedelta(minutes=50)}
    for delivery_id, name, shop_no, code in COURIERS:
        account = CourierAccountFactory(
            connection=connection, delivery_id=delivery_id, name=name, shopid=f"{delivery_id}-1"
        )
        StoreCourierFactory(
            place=made,
            account=account,
            shop_no=shop_no,
            service_code=code,
            secret="" if delivery_id == "UU" else "secret",
            **(paused | {"pause_reason": "账户余额不足"} if delivery_id == "SS" else {}),
        )
    CourierAccount.objects.filter(delivery_id="UU").update(audit=Audit.WAITING)
    return made


@SIZES
def test_an_owner_reads_all_that_there_is_to_do(
    visitor: Visitor,
    owner: User,
    connection: Connection,
    width: int,
    height: int,
    kept: Callable[[Page, str], None],
) -> None:
    clipboard = ["clipboard-read", "clipboard-write"]
    page = visitor.page(width=width, height=height, user=owner, permissions=clipboard)
    page.goto(ADD)
    kept(page, "connection-add")
    page.goto(address(connection))
    expect(page.locator("#address-push")).to_be_visible()
    kept(page, "connection")
    copy = page.locator('[data-copy="#address-push"]')
    copy.click()
    expect(copy).to_contain_text("已复制")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == page.locator("#address-push").text_content()


@SIZES
def test_a_pasted_address_is_checked_and_saved(
    visitor: Visitor,
    owner: User,
    connection: Connection,
    width: int,
    height: int,
    kept: Callable[[Page, str], None],
) -> None:
    StoreFactory(merchant=connection.merchant, name="雀友棋牌室（人民路店）")
    page = visitor.page(width=width, height=height, user=owner)
    page.goto("/admin/delivery/deliverystore/add/")
    kept(page, "store-add")
    page.locator("#id_store").select_option(index=1)
    page.locator("#id_connection").select_option(index=1)
    page.locator("#id_pasted").fill(PASTED)
    page.locator("#id_lng").fill("30.279383")
    page.locator("#id_lat").fill("120.131441")
    page.locator('[name="_save"]').click()
    expect(page.locator("#id_city")).to_have_value("杭州市")
    expect(page.locator("#id_lng")).to_have_value("120.131441")
    kept(page, "store-pasted")
    page.locator('[name="_save"]').click()
    expect(page).to_have_url(f"{visitor.url}{address(DeliveryStore.objects.get())}")


@SIZES
def test_a_store_shows_its_couriers(
    visitor: Visitor,
    owner: User,
    place: DeliveryStore,
    width: int,
    height: int,
    kept: Callable[[Page, str], None],
) -> None:
    page = visitor.page(width=width, height=height, user=owner)
    for name, path in (
        ("stores", "/admin/delivery/deliverystore/"),
        ("store", address(place)),
        ("end-pause", address(place, "do", "end_pauses")),
        ("accounts", "/admin/delivery/courieraccount/"),
        ("account", address(CourierAccount.objects.get(delivery_id="UU"))),
    ):
        page.goto(path)
        kept(page, name)
    page.goto(address(place))
    page.locator("#couriers-group a.add-row, #couriers-group .add-row a").first.click()
    expect(page.locator("#id_couriers-5-account")).to_be_visible()
    kept(page, "store-another")
