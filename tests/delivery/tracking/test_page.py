"""What the receiver reads at each stage, for how long, and how large it is."""

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.staticfiles import finders
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings

from delivery.addresses import tracking_url
from delivery.choices import Moment, Source
from delivery.models import Attempt, Delivery
from delivery.pages import tracking as view
from delivery.services import life
from delivery.services.tracking import Stage, phone_and_tel, surname_of, tracking_seen
from tests.delivery.factories import DeliveryStoreFactory
from tests.delivery.tracking.seeing import (
    S,
    ago,
    called,
    opened,
    ours,
    page,
    path,
    riding,
    told,
    waiting,
)
from tests.stores.factories import StoreFactory

pytestmark = pytest.mark.django_db


def seen(delivery: Delivery) -> Any:
    delivery.refresh_from_db()
    return tracking_seen(delivery=delivery, is_receiver=False)


def words(delivery: Delivery) -> list[str]:
    return [str(label) for label, _at in seen(delivery).moments]


STAGES: dict[Stage, Callable[[], Delivery]] = {
    Stage.PREPARING: waiting,
    Stage.CALLING: lambda: called().delivery,
    Stage.ACCEPTED: lambda: told(called(), S.ACCEPTED).delivery,
    Stage.AT_SHOP: lambda: told(called(), S.ACCEPTED, S.AT_SHOP).delivery,
    Stage.ON_THE_WAY: lambda: told(called(), S.ACCEPTED, S.PICKED_UP, S.ON_THE_WAY).delivery,
    Stage.GOING_BACK: lambda: told(called(), S.ACCEPTED, S.PICKED_UP, S.NOT_REACHED).delivery,
    Stage.DELIVERED: lambda: told(called(), S.ACCEPTED, S.PICKED_UP, S.DELIVERED).delivery,
    Stage.RETURNED: lambda: told(called(), S.PICKED_UP, S.REFUSED, S.RETURNED).delivery,
    Stage.BY_SHOP: lambda: told(ours(), S.ACCEPTED).delivery,
    Stage.CANCELLED: lambda: waiting(state="cancelled", ended_at=ago(minutes=1)),
    Stage.STOPPING: lambda: told(called(waiting(then="cancel")), S.ACCEPTED).delivery,
    Stage.CALLING_AGAIN: lambda: called(called(state="dead").delivery).delivery,
}


@pytest.mark.parametrize("stage", Stage)
def test_each_stage_has_its_page(stage: Stage) -> None:
    delivery = STAGES[stage]()
    assert seen(delivery).stage == stage
    html = page(delivery)
    assert str(stage.label) in html
    assert "江南小厨" in html
    assert 'href="tel:057187654321"' in html
    assert "片儿川等" in html
    is_over = stage in (Stage.DELIVERED, Stage.RETURNED, Stage.CANCELLED)
    assert ('http-equiv="refresh" content="20"' in html) == (not is_over)
    assert html.count("http-equiv=") == (not is_over)


def test_the_way_to_the_receiver_is_told_once_with_its_first_time() -> None:
    attempt = told(called(), S.ACCEPTED, S.PICKED_UP, S.ON_THE_WAY, S.DELIVERED)
    moments = seen(attempt.delivery).moments
    assert len(moments) == 3
    known = list(attempt.delivery.moments.order_by("at").values_list("at", flat=True))
    assert [at for _label, at in moments] == known


def test_moments_of_the_same_second_stand_in_their_order() -> None:
    attempt, at = called(), ago(minutes=5)
    for state in (S.ACCEPTED, S.DELIVERED, S.PICKED_UP):
        life.hear(life.locked(attempt.pk), code=state, at=at, source=Source.PUSH)
    wanted = [Moment.ACCEPTED, Moment.PICKED_UP, Moment.DELIVERED]
    assert words(attempt.delivery) == [str(each.label) for each in wanted]


def test_the_shops_own_people_have_a_code_that_only_the_receiver_sees() -> None:
    attempt = told(ours(), S.ACCEPTED)
    attempt.finish_code = "4711"
    attempt.save(update_fields=["finish_code"])
    html = page(attempt.delivery)
    assert "4711" not in html
    assert "form=digits" in html
    assert "骑手电话" not in html
    assert "4711" in page(attempt.delivery, opened(attempt.delivery))


def test_of_riders_who_gave_up_only_the_next_call_is_told() -> None:
    first = told(called(), S.ACCEPTED, S.RIDER_LEFT)
    assert seen(first.delivery).stage == Stage.CALLING_AGAIN
    assert words(first.delivery) == [str(Moment.ABNORMAL.label)]
    life.prove_dead(life.locked(first.pk))
    assert seen(first.delivery).stage == Stage.CALLING_AGAIN
    second = called(first.delivery)
    assert (seen(first.delivery).stage, words(first.delivery)) == (Stage.CALLING_AGAIN, [])
    told(second, S.ACCEPTED, S.PICKED_UP, S.DELIVERED, minutes=5)
    assert len(words(first.delivery)) == 3


def test_a_rider_who_came_back_to_life_is_not_told_beside_the_one_who_was_called_since() -> None:
    first = called(state="revived", waybill_state=S.ACCEPTED, waybill_at=ago(minutes=1))
    called(first.delivery)
    assert seen(first.delivery).stage == Stage.CALLING_AGAIN
    assert seen(first.delivery).rider == ""


def test_the_shop_that_brings_it_itself_has_the_same_page() -> None:
    attempt = told(ours(), S.ACCEPTED, S.ON_THE_WAY)
    found = seen(attempt.delivery)
    assert (found.stage, found.is_by_shop, len(found.moments)) == (Stage.ON_THE_WAY, True, 2)
    assert not found.asks_digits
    assert str(Stage.BY_SHOP.label) in page(attempt.delivery)
    told(attempt, S.DELIVERED, minutes=1)
    assert seen(attempt.delivery).stage == Stage.DELIVERED


def test_the_expected_arrival_is_shown_until_it_has_passed() -> None:
    soon = timezone.now() + timedelta(minutes=9)
    attempt = riding(arrives_at=soon)
    assert seen(attempt.delivery).expected_at == soon
    Attempt.objects.update(arrives_at=ago(minutes=1))
    assert seen(attempt.delivery).expected_at is None


def test_a_store_without_telephone_shows_that_which_couriers_call() -> None:
    store = StoreFactory(phone="")
    DeliveryStoreFactory(store=store, phone="13800000001")
    found = seen(waiting(store=store))
    assert found.shop_tel == "13800000001"


@pytest.mark.parametrize(
    ("name", "surname"),
    [
        ("王建国", "王"),
        ("王师傅", "王"),
        ("王", "王"),
        ("欧阳娜娜", "欧阳"),
        ("欧阳", "欧"),
        ("小李", "李"),
        ("骑手张三", "张"),
        ("Wang", ""),
        ("13800000009", ""),
        ("<b>", ""),
        ("", ""),
    ],
)
def test_of_a_riders_name_only_the_surname_is_taken(name: str, surname: str) -> None:
    assert surname_of(name) == surname


@pytest.mark.parametrize(
    ("text", "tel"),
    [
        ("13800000009", "13800000009"),
        ("+86 138-0000-0009", "+8613800000009"),
        ("17033334444,9876", "17033334444,9876"),
        ("17033334444_9876", "17033334444,9876"),
        ("17033334444转9876", "17033334444,9876"),
        ("138****0009", ""),
        ('1380000"onclick=', ""),
        ("", ""),
    ],
)
def test_a_number_is_called_with_its_extension(text: str, tel: str) -> None:
    assert phone_and_tel(text)[1] == tel


def test_the_page_is_gone_a_day_after_the_end() -> None:
    attempt = told(called(), S.ACCEPTED, S.PICKED_UP, S.DELIVERED)
    Delivery.objects.update(ended_at=ago(hours=23, minutes=59))
    assert Client().get(path(attempt.delivery)).status_code == 200
    Delivery.objects.update(ended_at=ago(hours=24))
    answers = [Client().get(path(attempt.delivery)), Client().post(path(attempt.delivery))]
    for answer in answers:
        assert answer.status_code == 410
        assert "tel:057187654321" in answer.content.decode()
        assert "片儿川" not in answer.content.decode()
        assert "http-equiv" not in answer.content.decode()


@pytest.mark.parametrize("slug", ["nothing", "a" * 33, "%00", "..", "我", "a%20b", "'"])
def test_an_unknown_address_is_not_found(slug: str) -> None:
    answer = Client().get(f"/d/{slug}/")
    assert answer.status_code == 404
    assert Client().post(f"/d/{slug}/", {"do": "digits", "digits": "0002"}).status_code == 404


def test_who_tries_addresses_is_told_to_stop_and_receivers_beside_them_are_not() -> None:
    delivery = waiting()
    answers = [Client().get(f"/d/guess{n}/").status_code for n in range(view.MISSES.count + 1)]
    assert answers == [404] * view.MISSES.count + [429]
    assert Client().get("/d/guess/")["Retry-After"].isdigit()
    assert Client().get(path(delivery)).status_code == 200
    other = Client(REMOTE_ADDR="203.0.113.9")
    assert other.get("/d/guess/").status_code == 404


def test_pages_that_are_there_count_as_no_miss() -> None:
    delivery = waiting()
    for _n in range(view.MISSES.count + 1):
        page(delivery)
    assert Client().get("/d/guess/").status_code == 404


@pytest.mark.parametrize("form", ["", "?form=digits", "?form=case"])
def test_nobody_keeps_finds_or_passes_on_the_page(form: str) -> None:
    delivery = riding().delivery
    Delivery.objects.filter(pk=delivery.pk).update(created_at=ago(hours=2))
    Attempt.objects.update(called_at=ago(hours=2), waybill_at=ago(hours=1))
    answer = Client().get(path(delivery) + form)
    missed = Client().get("/d/nothing/")
    for each in (answer, missed):
        assert "no-store" in each["Cache-Control"]
        assert each["Referrer-Policy"] == "no-referrer"
        assert "noindex" in each["X-Robots-Tag"]
        assert "default-src 'self'" in each["Content-Security-Policy"]
        assert not each.cookies
    html = answer.content.decode()
    assert "<script" not in html
    assert not re.search(r"""(?:src|href|action)=["'](?:https?:)?//""", html)


def test_forms_stand_on_views_that_do_not_reload() -> None:
    delivery = riding().delivery
    assert "<input id=" not in page(delivery)
    html = page(delivery, query="?form=digits")
    assert '<input id="digits"' in html
    assert "http-equiv" not in html
    # A form that has nothing to show is not there.
    assert '<input id="digits"' not in page(waiting(), query="?form=digits")
    assert "http-equiv" in page(delivery, query="?form=nothing")


def test_all_of_it_is_small() -> None:
    """The page with everything on it, and what it loads: at most 60 kB, uncompressed."""
    delivery = riding().delivery
    html = page(delivery, opened(delivery))
    assert "<svg" in html
    files = re.findall(r'(?:href|src)="/static/([^"?]+)"', html)
    assert [name.rpartition(".")[2] for name in files] == ["svg", "css", "css"]
    found = [finders.find(re.sub(r"\.[0-9a-f]{12}\.", ".", name)) for name in files]
    assert len(html.encode()) + sum(Path(str(name)).stat().st_size for name in found) <= 60_000


def test_a_page_costs_few_queries_however_many_riders_were_called(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    delivery = riding().delivery
    for _n in range(5):
        called(delivery, state="dead")
    with django_assert_num_queries(4):
        page(delivery)
    gone = path(waiting(ended_at=ago(hours=25), state="delivered"))
    with django_assert_num_queries(1):
        Client().get(gone)


def test_the_address_is_told_with_the_public_name(settings: Settings) -> None:
    settings.PUBLIC_BASE_URL = "https://shop.example"
    assert tracking_url(waiting(slug="abc")) == "https://shop.example/d/abc/"


def test_pages_are_chinese_until_somebody_chooses_english() -> None:
    delivery, client = waiting(), Client(enforce_csrf_checks=True)
    answer = client.get(path(delivery), headers={"Accept-Language": "en"})
    assert '<html lang="zh-hans">' in answer.content.decode()
    chosen = client.post(path(delivery), {"language": "en", "next": path(delivery)})
    assert (chosen.status_code, chosen["Location"]) == (302, path(delivery))
    assert '<html lang="en">' in page(delivery, client)
    away = client.post(path(delivery), {"language": "en", "next": "https://evil.example/"})
    assert away["Location"] == "/"


def test_other_methods_and_odd_forms_are_no_error_of_ours() -> None:
    delivery = waiting()
    assert Client().put(path(delivery)).status_code == 405
    assert Client().head(path(delivery)).status_code == 200
    odd = ["", "digits\x00", "x" * 5000]
    for do in odd:
        assert Client().post(path(delivery), {"do": do}).status_code == 303
    for cookie in ("", "x", "a:b:c"):
        client = Client()
        client.cookies["track"] = cookie
        page(delivery, client)
