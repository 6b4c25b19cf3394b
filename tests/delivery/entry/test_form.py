"""A delivery is entered by hand: what is pasted, what is wrong, what is saved."""

from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from delivery.models import Delivery, DeliveryStore, Quote
from delivery.services import creating
from stores.models import AuditEntry
from stores.roles import Role
from tests.back_office import at_work
from tests.delivery.entry.typing import NEW, errors_of, fields_of, send, typed
from tests.delivery.factories import DeliveryStoreFactory, StoreCourierFactory
from tests.delivery.town import Town
from tests.pages import HOSTILE, dangling

pytestmark = pytest.mark.django_db
SHANGHAI = ZoneInfo("Asia/Shanghai")
PASTED = "林晓梅 13900001234 浙江省杭州市西湖区文三路88号3幢502室"


def test_what_is_typed_becomes_a_delivery(clerk: Client, place: DeliveryStore) -> None:
    answer = send(clerk, pickup_code="on")
    row = Delivery.objects.get()
    assert (answer.status_code, answer["Location"]) == (
        302,
        f"/admin/delivery/delivery/{row.pk}/change/",
    )
    assert (row.store, row.reference, row.value, row.weight) == (
        place.store,
        "A-1",
        Decimal("46.50"),
        Decimal("1.20"),
    )
    assert (row.receiver["phone"], row.receiver["detail"], row.phone_tail) == (
        "13800000002",
        "3幢502",
        "0002",
    )
    assert (row.cargo["second_class"], row.cargo["goods"][0]["count"]) == ("零食小吃", 2)
    assert row.wishes == {"needs_pickup_code": True, "needs_finish_code": False}
    assert row.note == "少辣"
    assert row.ready_at is not None
    assert AuditEntry.objects.filter(verb="delivery.create").count() == 1


def test_goods_that_are_not_ready_wait(clerk: Client) -> None:
    send(clerk, is_ready="")
    assert Delivery.objects.get().ready_at is None


def test_a_form_that_is_sent_twice_is_one_delivery(clerk: Client) -> None:
    first, second = send(clerk), send(clerk)
    assert first["Location"] == second["Location"]
    assert Delivery.objects.count() == 1


def test_a_number_that_stands_for_another_order_is_refused_at_its_field(clerk: Client) -> None:
    send(clerk)
    assert list(errors_of(send(clerk, goods="面条"))) == ["reference"]
    assert Delivery.objects.count() == 1


def test_an_opened_form_has_a_number_and_what_was_entered_last(clerk: Client) -> None:
    first = fields_of(clerk.get(NEW))
    assert (first["kind"], bool(first["reference"]), first["is_ready"]) == ("", True, True)
    send(clerk)
    again = fields_of(clerk.get(NEW))
    assert (again["kind"], again["page"]) == ("美食夜宵 / 零食小吃", "/pages/order")
    assert again["reference"] not in ("A-1", first["reference"])


def test_a_pasted_address_is_taken_apart_and_nothing_is_saved(clerk: Client) -> None:
    answer = send(clerk, do="read", pasted=PASTED, name="", phone="")
    found = fields_of(answer)
    assert (found["name"], found["phone"], found["city"]) == ("林晓梅", "13900001234", "杭州市")
    assert (found["address"], found["detail"]) == ("西湖区文三路88号", "3幢502室")
    assert (found["goods"], found["kind"]) == ("片儿川", "美食夜宵 / 零食小吃")
    assert Delivery.objects.count() == 0


@pytest.mark.parametrize(
    ("lng", "lat", "is_baidu", "words"),
    [
        ("30.287120", "120.125310", "", "swapped"),
        ("120.131841", "30.292900", "on", "Baidu"),
    ],
)
def test_wrong_coordinates_are_named_and_put_right_at_one_click(
    clerk: Client, lng: str, lat: str, is_baidu: str, words: str
) -> None:
    answer = send(clerk, lng=lng, lat=lat, is_baidu=is_baidu)
    assert words in errors_of(answer)["lng"][0]
    assert 'value="place"' in answer.content.decode()
    fixed = fields_of(send(clerk, do="place", lng=lng, lat=lat, is_baidu=is_baidu))
    assert Decimal(fixed["lng"]).quantize(Decimal("0.01")) == Decimal("120.13")
    assert Decimal(fixed["lat"]).quantize(Decimal("0.01")) == Decimal("30.29")
    assert not fixed["is_baidu"]
    send(clerk, lng=fixed["lng"], lat=fixed["lat"])
    assert Delivery.objects.get().receiver["lng"] == fixed["lng"]


@pytest.mark.parametrize(
    ("lng", "lat", "words"),
    [
        ("0", "0", "missing"),
        ("2.3", "48.8", "outside of China"),
        ("116.40", "39.90", "another city"),
        ("", "", "required"),
        ("x", "30.28", "number"),
    ],
)
def test_coordinates_that_nobody_can_put_right_are_named(
    clerk: Client, lng: str, lat: str, words: str
) -> None:
    assert words in errors_of(send(clerk, lng=lng, lat=lat))["lng"][0]


def test_what_is_further_than_couriers_go_is_said_and_saved_all_the_same(
    clerk: Client, place: DeliveryStore
) -> None:
    StoreCourierFactory(place=place, account__delivery_id="MTPS", account__name="美团配送")
    near, far = {"lng": "120.231441"}, {"lng": "120.131441", "lat": "30.684383"}
    page = send(clerk, do="read", **near).content.decode()
    assert "km in a straight line: further than these couriers go: 美团配送 (7 km)." in page
    assert "Further than most couriers go: 45 km" in send(clerk, do="read", **far).content.decode()
    assert "data-far" not in send(clerk, do="read").content.decode()
    answer = clerk.post(NEW, typed(do="save", **far), follow=True)
    assert Delivery.objects.count() == 1
    assert "Further than most couriers go" in answer.content.decode()


def test_both_coordinates_may_be_pasted_at_once(clerk: Client) -> None:
    send(clerk, lng="120.125310, 30.287120", lat="")
    assert Delivery.objects.get().receiver["lat"] == "30.287120"


WRONG = [
    ("openid", "", "openid"),
    ("phone", "no digits", "phone"),
    ("city", "", "city"),
    ("value", "5001", "value"),
    ("value", "1e999", "value"),
    ("value", "NaN", "value"),
    ("weight", "0", "weight"),
    ("count", "0", "count"),
    ("count", "1.5", "count"),
    ("kind", "美食夜宵 / 鲜花", "kind"),
    ("goods", "", "goods"),
    ("note", "辣" * 201, "note"),
    ("picture", "javascript:alert(1)", "picture"),
    ("page", "", "page"),
    ("wanted", "2020-01-01T10:00", "wanted"),
    ("wanted", "9999-99-99T99:99", "wanted"),
    ("detail", "", "detail"),
]


@pytest.mark.parametrize(("name", "text", "at"), WRONG)
def test_what_wechat_would_refuse_is_said_at_the_field(
    clerk: Client, name: str, text: str, at: str
) -> None:
    errors = errors_of(send(clerk, **{name: text}))
    assert list(errors) == [at]
    assert Delivery.objects.count() == 0


def test_what_is_no_time_is_told_with_an_example(clerk: Client) -> None:
    words = "Write a time, like 2026-12-31 18:00, 今天 18:00, 明天 12:30 or 18:00."
    for text in ("今天 25:00", "18:60", "昨天 18:00", "now"):
        assert errors_of(send(clerk, wanted=text)) == {"wanted": [words]}


@time_machine.travel(datetime(2026, 12, 1, 9, 30, tzinfo=SHANGHAI), tick=False)
@pytest.mark.parametrize(
    ("text", "day", "time"),
    [
        ("今天 18:00", 1, (18, 0)),
        ("明天12：30", 2, (12, 30)),
        ("后天 8:05", 3, (8, 5)),
        ("18:00", 1, (18, 0)),
        ("9:31", 1, (9, 31)),
        ("tomorrow 00:00", 2, (0, 0)),
    ],
)
def test_a_time_may_be_typed_as_people_say_it(
    clerk: Client, text: str, day: int, time: tuple[int, int]
) -> None:
    send(clerk, wanted=text)
    assert Delivery.objects.get().wanted_at == datetime(2026, 12, day, *time, tzinfo=SHANGHAI)


@time_machine.travel(datetime(2026, 12, 1, 9, 30, tzinfo=SHANGHAI), tick=False)
def test_a_time_that_is_over_is_not_that_of_tomorrow(clerk: Client) -> None:
    assert "lie ahead" in errors_of(send(clerk, wanted="9:29"))["wanted"][0]


@time_machine.travel(datetime(2026, 12, 1, 9, 30, tzinfo=SHANGHAI), tick=False)
def test_a_pasted_time_stands_in_its_field_as_browsers_show_it(clerk: Client) -> None:
    found = fields_of(send(clerk, do="read", pasted=f"{PASTED} 明天 12:30前送达", name=""))
    assert (found["wanted"], found["name"]) == ("2026-12-02T12:30", "林晓梅")
    assert (found["detail"], found["pasted"]) == ("3幢502室", "")


def test_each_field_that_is_missing_is_told_in_the_same_words(clerk: Client) -> None:
    missing = dict.fromkeys(("name", "goods", "kind", "value", "page"), "")
    answer = send(clerk, **missing)
    errors = errors_of(answer)
    assert set(errors) == set(missing)
    assert dangling(answer.content.decode()) == set(), "each is read with its field"
    assert len({text for texts in errors.values() for text in texts}) == 1


def test_a_time_that_is_over_since_it_was_read_is_said_at_its_field(
    clerk: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def late(**_given: object) -> None:
        raise creating.WrongOrder({"arrive_by": ["It has to lie ahead."]})

    monkeypatch.setattr(creating, "delivery_create", late)
    assert errors_of(send(clerk)) == {"wanted": ["It has to lie ahead."]}


def test_a_wished_time_is_local(clerk: Client) -> None:
    at = (timezone.localtime() + timedelta(hours=3)).replace(second=0, microsecond=0)
    send(clerk, wanted=f"{at:%Y-%m-%dT%H:%M}")
    row = Delivery.objects.get()
    assert (row.wanted_at, row.is_arrival) == (at, True)
    assert row.call_at
    assert row.call_at < at


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_break_nothing_and_stay_texts(clerk: Client, text: str) -> None:
    for do in ("read", "place", "save", "quote", text):
        everywhere = dict.fromkeys(typed(), text) | {"pasted": text, "do": do, "wanted": text}
        answer = clerk.post(NEW, everywhere)
        assert answer.status_code in (200, 422)
        assert "<script>alert(1)" not in answer.content.decode()
    assert Delivery.objects.count() == 0


def test_a_store_of_others_is_not_found_and_one_that_sends_nothing_is_no_choice(
    clerk: Client, place: DeliveryStore
) -> None:
    other = DeliveryStoreFactory()
    assert send(clerk, store=str(other.store_id)).status_code == 404
    lonely = at_work(other.store, Role.CLERK)
    DeliveryStore.objects.filter(pk=other.pk).delete()
    assert "sends goods yet" in lonely.get(NEW).content.decode()
    assert Delivery.objects.count() == 0


def test_prices_are_asked_for_after_saving(town: Town) -> None:
    client = at_work(town.place.store, Role.CLERK)
    answer = client.post(NEW, typed(do="quote"), follow=True)
    assert answer.status_code == 200
    assert Quote.objects.count() == 5
    # The cheapest is the button there.
    assert "Call DADA ¥7.56" in answer.content.decode()


def test_where_nobody_can_be_asked_the_order_stays_and_says_so(clerk: Client) -> None:
    answer = clerk.post(NEW, typed(do="quote"), follow=True)
    assert "can be asked at the moment" in " ".join(map(str, answer.context["messages"]))
    assert Delivery.objects.count() == 1
