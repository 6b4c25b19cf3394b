"""Times and names as lists show them: short, and as people say them."""

from datetime import datetime

import pytest
import time_machine
from django.utils import timezone, translation

from stores.backoffice.labels import moment
from stores.clock import short_moment, short_time
from stores.drills.results import Remark, in_all_languages
from stores.text import deal_name, listed, listed_lazy

NOON = timezone.make_aware(datetime(2026, 11, 29, 12, 0))


@pytest.mark.parametrize(
    ("at", "text"),
    [
        ((2026, 11, 29, 0, 0, 0), "今天 00:00"),
        ((2026, 11, 29, 23, 59, 59), "今天 23:59"),
        ((2026, 11, 28, 14, 5, 59), "昨天 14:05"),
        ((2026, 11, 27, 23, 59, 59), "11-27 23:59"),
        ((2026, 11, 30, 9, 30, 0), "明天 09:30"),
        ((2026, 12, 1, 9, 30, 0), "12-01 09:30"),
        ((2026, 1, 1, 0, 0, 0), "01-01 00:00"),
        ((2025, 12, 31, 23, 59, 0), "2025-12-31 23:59"),
        ((2027, 1, 1, 0, 0, 0), "2027-01-01 00:00"),
    ],
)
def test_a_time_has_as_little_of_the_date_as_is_clear(at: tuple[int, ...], text: str) -> None:
    with time_machine.travel(NOON), translation.override("zh-hans"):
        assert short_moment(timezone.make_aware(datetime(*at))) == text  # type: ignore[arg-type]


def test_yesterday_ends_at_local_midnight() -> None:
    """At one o'clock in the morning here it is still yesterday in Greenwich."""
    morning = timezone.make_aware(datetime(2026, 11, 29, 1, 0))
    with time_machine.travel(morning), translation.override("zh-hans"):
        assert short_moment(timezone.make_aware(datetime(2026, 11, 28, 23, 30))) == "昨天 23:30"
        assert short_moment(timezone.make_aware(datetime(2026, 11, 29, 0, 30))) == "今天 00:30"


def test_a_time_of_today_stands_alone_and_any_other_with_its_day() -> None:
    with time_machine.travel(NOON), translation.override("zh-hans"):
        days = [datetime(2026, 11, day, 9, 5) for day in (28, 29, 30)]
        texts = [short_time(timezone.make_aware(at)) for at in days]
    assert texts == ["11-28 09:05", "09:05", "11-30 09:05"]


def test_the_hint_of_a_time_has_it_to_the_second() -> None:
    at = timezone.make_aware(datetime(2025, 11, 28, 14, 5, 9))
    assert 'title="2025-11-28 14:05:09">2025-11-28 14:05</time>' in moment(at)
    assert (moment(None), short_moment(None)) == ("–", "–")


@pytest.mark.parametrize(
    ("sent", "name"),
    [
        ("开业特惠通用畅玩4小时[49.00元][1206941234]", "开业特惠通用畅玩4小时"),
        ("小包畅玩4小时[95.0元][1547664773]", "小包畅玩4小时"),
        ("[78.00元][1206941234]通用通宵8小时", "通用通宵8小时"),
        (" [ 78元 ] [1206941234] 通用通宵8小时 ", "通用通宵8小时"),
        ("另一个名字[49.00元]", "另一个名字"),
        ("大包6小时[1206941234]", "大包6小时"),
        ("大包6小时［¥1,288.00］［1206941234］", "大包6小时"),
        ("大包6小时[49.00元][1206941234] [49.00元]", "大包6小时"),
        # What the shop wrote itself stays.
        ("【开业特惠】通用通宵8小时", "【开业特惠】通用通宵8小时"),
        ("晨间2小时畅打【4号场】", "晨间2小时畅打【4号场】"),
        ("[新客]中包3小时", "[新客]中包3小时"),
        ("39.9元4小时棋牌房", "39.9元4小时棋牌房"),
        ("套餐[49.00元]升级版", "套餐[49.00元]升级版"),
        ("5选2[3]", "5选2[3]"),
        ("128元 双人暖心撸猫撸狗", "128元 双人暖心撸猫撸狗"),
        # A name is never empty.
        ("[49.00元][1206941234]", "[49.00元][1206941234]"),
        ("", ""),
        (None, ""),
    ],
)
def test_a_deal_is_called_without_what_the_platform_adds(sent: str | None, name: str) -> None:
    assert deal_name(sent) == name


def test_a_name_of_brackets_only_is_read_at_once() -> None:
    assert deal_name("[" * 100_000) == "[" * 100_000
    assert deal_name("[1206941234] " * 20_000 + "x") == "x"


def test_the_things_of_a_list_stand_apart_by_the_mark_of_the_readers_language() -> None:
    names = ["闪送", "达达"]
    with translation.override("en"):
        assert listed(names) == "闪送, 达达"
    with translation.override("zh-hans"):
        assert listed(names) == "闪送、达达"


def test_a_remark_lists_in_the_language_of_each_reader() -> None:
    told = in_all_languages([Remark("%(names)s", names=listed_lazy(["闪送", "达达"]))])
    assert told == {"zh-hans": "闪送、达达", "en": "闪送, 达达"}
