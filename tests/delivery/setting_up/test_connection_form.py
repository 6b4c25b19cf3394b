"""The form of a mini-program and of a service provider: what it takes, keeps and shows."""

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django.fixtures import Settings

from delivery.admin.connection import WechatConnectionForm
from delivery.models import DoctorRun
from stores.models import Connection, InboundEvent, Merchant
from tests.delivery.factories import (
    CourierAccountFactory,
    MiniProgramFactory,
    StoreCourierFactory,
)
from tests.pages import HOSTILE, english

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]
ADD = "/admin/stores/connection/add/?platform=wechat"
KEY = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQ"
GIVEN = {
    "platform": "wechat",
    "account": "wx1234567890abcdef",
    "is_active": "on",
    "secret": "0123456789abcdef0123456789abcdef",
    "push_token": "oldToken1",
    "aes_key": KEY,
}


def page_of(connection: Connection) -> str:
    return reverse("admin:stores_connection_change", args=[connection.pk])


def errors(answer: Any) -> dict[str, list[str]]:
    assert answer.status_code == 200
    found: dict[str, list[str]] = answer.context["adminform"].form.errors
    return found


def change(client: Client, row: Connection, **typed: str) -> Any:
    given = {"account": row.account, "is_active": "on", "secret": ""}
    return client.post(page_of(row), given | {"push_token": "", "aes_key": ""} | typed)


def stored(row: Connection) -> dict[str, str]:
    known: dict[str, str] = Connection.objects.get(pk=row.pk).credentials
    return known


@pytest.fixture
def made(owner_client: Client, merchant: Merchant) -> Connection:
    answer = owner_client.post(ADD, GIVEN | {"merchant": merchant.pk})
    assert answer.status_code == 302
    return Connection.objects.get()


def test_an_owner_connects_a_mini_program(made: Connection, merchant: Merchant) -> None:
    assert (made.merchant, made.platform) == (merchant, "wechat")
    assert made.account == GIVEN["account"]
    assert made.credentials == {name: GIVEN[name] for name in ("secret", "push_token", "aes_key")}


def test_no_page_shows_a_secret(made: Connection, owner_client: Client) -> None:
    page = owner_client.get(page_of(made)).content.decode()
    assert not [text for text in made.credentials.values() if text in page]


def test_the_address_for_pushes_stands_there_with_a_button_that_copies_it(
    made: Connection, owner_client: Client, settings: Settings
) -> None:
    settings.PUBLIC_BASE_URL = "https://shop.example.com"
    page = owner_client.get(page_of(made)).content.decode()
    address = f"https://shop.example.com/wechat/{made.pk}/push/"
    assert re.search(rf'id="address-push">{address}</code>', page)
    assert 'data-copy="#address-push"' in page
    assert "tickets/" not in page


def test_new_secrets_of_pushes_keep_the_old_ones_until_a_person_forgets_them(
    made: Connection, owner_client: Client
) -> None:
    change(owner_client, made, push_token="newToken2", aes_key=KEY[::-1])
    assert stored(made) == {
        "secret": GIVEN["secret"],
        "push_token": "newToken2",
        "previous_push_token": "oldToken1",
        "aes_key": KEY[::-1],
        "previous_aes_key": KEY,
    }
    change(owner_client, made, push_token="newToken2")
    assert stored(made)["previous_push_token"] == "oldToken1"
    assert "forget_previous" in WechatConnectionForm.credential_fields(
        Connection.objects.get(pk=made.pk)
    )
    change(owner_client, made, forget_previous="on")
    assert set(stored(made)) == {"secret", "push_token", "aes_key"}


def test_a_new_appsecret_replaces_the_old_one_and_has_to_be_tested(
    made: Connection, owner_client: Client
) -> None:
    Connection.objects.filter(pk=made.pk).update(
        state=Connection.State.WORKING, token="token", checked_at=timezone.now()
    )
    change(owner_client, made, secret="f" * 32)
    made.refresh_from_db()
    assert (made.state, made.token) == (Connection.State.NEW, "")
    assert stored(made) == {**made.credentials, "secret": "f" * 32}
    assert "previous_secret" not in stored(made)


@pytest.mark.parametrize(
    ("typed", "field", "says"),
    [
        ({"account": "gh_97417a04a28d"}, "account", "original id"),
        ({"account": "shop@example.com"}, "account", "begins with wx"),
        ({"secret": ""}, "secret", "needs the AppSecret"),
        ({"push_token": "ab"}, "push_token", "3 to 32"),
        ({"push_token": "token with spaces"}, "push_token", "3 to 32"),
        ({"push_token": "a" * 33}, "push_token", "3 to 32"),
        ({"aes_key": KEY[:-1]}, "aes_key", "this has 42 characters"),
        ({"aes_key": f"{KEY[:-1]}="}, "aes_key", "43 letters and digits"),
        ({"push_token": ""}, "push_token", "signs with the Token"),
    ],
)
def test_what_cannot_be_right_is_named_at_its_field(
    owner_client: Client, merchant: Merchant, typed: dict[str, str], field: str, says: str
) -> None:
    wrong = errors(owner_client.post(ADD, GIVEN | {"merchant": merchant.pk} | typed))
    assert set(wrong) == {field}
    assert says in wrong[field][0]
    assert not Connection.objects.exists()


@pytest.mark.parametrize("field", ["account", "secret", "push_token", "aes_key"])
@pytest.mark.parametrize("text", HOSTILE)
def test_nonsense_is_no_error_of_the_server(
    owner_client: Client, merchant: Merchant, field: str, text: str
) -> None:
    answer = owner_client.post(ADD, GIVEN | {"merchant": merchant.pk, field: text})
    assert answer.status_code in (200, 302)


def test_what_messengers_add_to_a_copied_text_is_left_out(
    owner_client: Client, merchant: Merchant
) -> None:
    given = {name: f" \u200b{text} " for name, text in GIVEN.items() if name not in ("platform",)}
    given |= {"platform": "wechat", "is_active": "on", "merchant": str(merchant.pk)}
    assert owner_client.post(ADD, given).status_code == 302
    assert Connection.objects.get().credentials["push_token"] == "oldToken1"


def test_the_appid_stays_once_accounts_were_read_for_it(
    made: Connection, owner_client: Client
) -> None:
    CourierAccountFactory(connection=made)
    wrong = errors(change(owner_client, made, account="wxfedcba0987654321"))
    assert "add a connection for another" in wrong["account"][0]


def test_an_operator_connects_a_service_provider(admin_user: User, merchant: Merchant) -> None:
    client = english(admin_user)
    unsealed = errors(client.post(ADD, GIVEN | {"aes_key": ""}))
    assert list(unsealed) == ["aes_key"]
    assert client.post(ADD, GIVEN).status_code == 302
    made = Connection.objects.get()
    assert made.merchant is None
    page = client.get(page_of(made)).content.decode()
    assert f"/wechat/{made.pk}/tickets/</code>" in page
    # WeChat puts each shop's own AppID there: several may have the same account at a courier.
    assert f"/wechat/{made.pk}/push/$APPID$/</code>" in page
    steps = {step.title: step.done for step in WechatConnectionForm.next_steps(made)}
    assert list(steps.values()) == [False] * 3
    MiniProgramFactory(merchant=merchant, parent=made, credentials={})
    made.credentials |= {"ticket": "ticket@@@x"}
    made.checked_at = timezone.now()
    assert all(step.done for step in WechatConnectionForm.next_steps(made))


def test_an_owner_connects_no_service_provider(owner_client: Client) -> None:
    assert "merchant" in errors(owner_client.post(ADD, GIVEN))


def test_a_shop_of_a_service_provider_has_neither_secrets_nor_addresses(
    owner_client: Client, merchant: Merchant
) -> None:
    provider = MiniProgramFactory(merchant=None)
    shop = MiniProgramFactory(
        merchant=merchant, parent=provider, credentials={"refresh_token": "refresh-1"}
    )
    page = owner_client.get(page_of(shop)).content.decode()
    assert "AppSecret" not in page
    assert "Credentials" not in page
    assert "/push/</code>" not in page
    answer = owner_client.post(
        page_of(shop),
        {"account": "wx0000000000", "name": "mine", "is_active": "on", "secret": "x"},
    )
    assert answer.status_code == 302
    before = shop.account
    shop.refresh_from_db()
    assert (shop.account, shop.name) == (before, "mine")
    assert shop.credentials == {"refresh_token": "refresh-1"}


def test_the_steps_lead_from_the_appsecret_to_the_first_push(made: Connection) -> None:
    def done() -> list[bool]:
        row = Connection.objects.get(pk=made.pk)
        return [step.done for step in WechatConnectionForm.next_steps(row)]

    rows = Connection.objects.filter(pk=made.pk)
    assert done() == [False] * 6
    rows.update(
        state=Connection.State.WORKING, checked_at=timezone.now(), last_error="930566: not open"
    )
    assert done() == [True, True, *[False] * 4]
    rows.update(last_error="")
    assert done() == [*[True] * 3, *[False] * 3]
    account = CourierAccountFactory(connection=made)
    assert done() == [*[True] * 4, *[False] * 2]
    courier = StoreCourierFactory(
        place__connection=made, place__store__merchant=made.merchant, account=account
    )
    assert done() == [*[True] * 5, False, False]
    InboundEvent.objects.create(
        connection=made, platform="wechat", kind="update_waybill_status", dedup_key="1"
    )
    assert done() == [*[True] * 6, False]
    run = DoctorRun.objects.create(place=courier.place, finished_at=timezone.now())
    assert done() == [True] * 7
    # What the set-up check sends itself is no push of WeChat's.
    InboundEvent.objects.update(is_drill=True)
    DoctorRun.objects.filter(pk=run.pk).update(results=[{"verdict": "wrong"}])
    assert done() == [*[True] * 5, False, False]
