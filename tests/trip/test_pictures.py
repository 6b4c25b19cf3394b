"""The QR code of a voucher as a picture behind a signed address."""

from urllib.parse import urlsplit

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from stores.web.limits import Limit
from tests.meituan import selling
from trip.models import Voucher
from trip.pages import pictures as page
from trip.services.pictures import picture_url

pytestmark = pytest.mark.django_db


@pytest.fixture
def voucher() -> Voucher:
    meituan, product = selling()
    return meituan.bought(product).vouchers.get()


def path_of(voucher: Voucher) -> str:
    return urlsplit(picture_url(voucher)).path


def test_paying_tells_the_address_of_each_picture_and_anybody_may_fetch_it(
    client: Client, settings: Settings
) -> None:
    meituan, product = selling()
    order = meituan.bought(product, 2)
    said = meituan.query(order.order_id)["body"]["voucherList"]
    assert len(said) == 2
    for item in said:
        assert item["voucherPics"].startswith(settings.PUBLIC_BASE_URL)
        assert item["voucher"] not in item["voucherPics"]
        answer = client.get(urlsplit(item["voucherPics"]).path)
        assert (answer.status_code, answer["Content-Type"]) == (200, "image/png")
        assert answer.content.startswith(b"\x89PNG")
        assert answer["Cache-Control"] == "private, max-age=86400, immutable"
        assert "Set-Cookie" not in answer


def test_two_vouchers_have_two_pictures(client: Client) -> None:
    meituan, product = selling()
    one, two = meituan.bought(product, 2).vouchers.all()
    assert client.get(path_of(one)).content != client.get(path_of(two)).content


@pytest.mark.parametrize(
    "name", ["x", "1", "1.x", ".", "%00", "1." + "A" * 5000, "😀", "..%2f..%2fadmin"]
)
def test_an_address_that_we_never_gave_out_is_not_found(
    client: Client, voucher: Voucher, name: str
) -> None:
    assert client.get(f"/trip/vouchers/{name}.png").status_code == 404


def test_a_changed_signature_or_number_is_not_found(client: Client, voucher: Voucher) -> None:
    number, _dot, signature = (
        path_of(voucher).removesuffix(".png").rpartition("/")[2].partition(".")
    )
    swapped = signature.swapcase()
    assert client.get(f"/trip/vouchers/{number}.{swapped}.png").status_code == 404
    assert client.get(f"/trip/vouchers/{int(number) + 1}.{signature}.png").status_code == 404


def test_an_address_outlives_the_secret_key_but_not_the_hash_key(
    client: Client, voucher: Voucher, settings: Settings
) -> None:
    path = path_of(voucher)
    settings.SECRET_KEY = "another" * 9
    assert client.get(path).status_code == 200
    settings.HASH_KEY = "another" * 9
    assert client.get(path).status_code == 404


def test_pictures_are_only_read(client: Client, voucher: Voucher) -> None:
    assert client.head(path_of(voucher)).status_code == 200
    assert client.post(path_of(voucher)).status_code == 405


def test_one_address_may_fetch_so_many_and_no_more(
    client: Client, voucher: Voucher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page, "PER_ADDRESS", Limit("voucher-pictures-test", 2, 10_000_000))
    statuses = [client.get(path_of(voucher)).status_code for _ in range(3)]
    refused = client.get(path_of(voucher))
    assert statuses == [200, 200, 429]
    assert int(refused["Retry-After"]) > 0
    assert client.get(path_of(voucher), REMOTE_ADDR="192.0.2.7").status_code == 200
