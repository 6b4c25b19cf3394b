"""Where the gateway's limit counts our address, all accounts take turns at its pace."""

import pytest
from django.contrib.auth.models import User
from pytest_django.fixtures import DjangoAssertNumQueries, Settings

from coupons.models import Verification
from coupons.services import batch_request, place_of
from stores.models import OutboundCall, Pace
from stores.platforms import outbox, pace
from stores.sandbox import SandboxServer
from tests.coupons.factories import Shop, connected_shop
from tests.coupons.flows import ask_for
from tests.pages import english

GAP = 0.05


@pytest.fixture
def shops(shop: Shop, sandbox: SandboxServer, settings: Settings) -> list[Shop]:
    settings.PACE_SECONDS = {"umember": GAP}
    settings.PACE_SCOPE = {"umember": "address"}
    return [shop, connected_shop(sandbox), connected_shop(sandbox)]


def test_a_long_batch_of_one_merchant_does_not_starve_another(shops: list[Shop]) -> None:
    busy, *others = shops
    batch_request(store=busy.store, raw_codes=[busy.code() for _ in range(30)], actor=None)
    rows = [ask_for(shop, shop.code()) for shop in others]
    outbox.work(seconds=1.5)
    for row in rows:
        row.refresh_from_db()
        assert row.status == Verification.Status.VERIFIED
    assert Verification.objects.filter(store=busy.store, status="queued").exists()


def test_requests_of_all_accounts_keep_one_distance(shops: list[Shop]) -> None:
    sandbox = shops[0].sandbox
    for shop in shops:
        ask_for(shop, shop.code())
    outbox.work(seconds=2.0)
    times = sorted(arrival.at for arrival in sandbox.arrivals.all())
    assert len(times) >= 6
    assert times[-1] - times[0] >= (len(times) - 1) * GAP - 0.02


def test_the_place_in_line_counts_the_turns_of_the_others(
    shops: list[Shop], settings: Settings
) -> None:
    settings.PACE_SECONDS = {"umember": 2.0}
    row = ask_for(shops[0], shops[0].code())
    alone = place_of(row)
    for shop in shops[1:]:
        ask_for(shop, shop.code())
    together = place_of(row)
    assert alone
    assert together
    assert alone.seconds
    assert together.seconds
    assert together.seconds >= 2.5 * alone.seconds


def test_more_calls_in_line_need_no_more_queries(
    shops: list[Shop], django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    rows = [ask_for(shop, shop.code()) for shop in shops]
    calls = list(OutboundCall.objects.filter(subject_id__in=[row.pk for row in rows]))
    for some in (calls[:1], calls):
        with django_assert_num_queries(2):
            assert len(outbox.places_in_line([call.pk for call in some])) == len(some)


def test_the_operator_alone_is_told_of_a_limit_that_may_count_the_address(
    shops: list[Shop], settings: Settings
) -> None:
    settings.PACE_SCOPE = {"umember": "account"}
    client = english(User.objects.create_superuser("operator"))
    words = "throttled several accounts at once"
    assert words not in client.get("/admin/").content.decode()
    for account in Pace.objects.all()[:2]:
        pace.throttled(account, 1.0)
    page = client.get("/admin/").content.decode()
    assert words in page
    assert "UMEMBER_PACE_SCOPE=address" in page
