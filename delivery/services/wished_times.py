"""Wished times as people type them: `今天 18:00`, `明天 12:30`, `18:00`. They are local."""

import re
from collections.abc import Mapping
from datetime import timedelta

from django.utils import timezone

from stores.text import plain

# What stands before the time → days ahead.
DAYS: Mapping[str, int] = {
    "": 0,
    "今天": 0,
    "今日": 0,
    "today": 0,
    "明天": 1,
    "明日": 1,
    "tomorrow": 1,
    "后天": 2,
}
_DAY = "|".join(filter(None, DAYS))
_TIME = r"[0-9]{1,2}[:：][0-9]{2}"
_ALONE = re.compile(rf"({_DAY}|)\s*([0-9]{{1,2}}):([0-9]{{2}})(?::00)?", re.IGNORECASE)
_WITHIN = re.compile(
    rf"(?:(?:期望|送达|配送)(?:时间|送达)?\s*[:：]?\s*)?(?<![0-9:：])((?:{_DAY})?\s*{_TIME})(?![0-9:：])"
    r"\s*(?:之?前|左右)?\s*(?:送[到达])?",
    re.IGNORECASE,
)


def dated(text: str) -> str:
    """Returns a time of today or of the next two days with its date, as 2026-12-31T18:00; any other
    text as it is.
    """
    found = _ALONE.fullmatch(plain(text)[:40])
    if found is None:
        return text
    day = timezone.localdate() + timedelta(days=DAYS[found[1].lower()])
    return f"{day:%Y-%m-%d}T{found[2]:0>2}:{found[3]}"


def cut_time(text: str) -> tuple[str, str]:
    """Returns the first time that stands in a pasted text, "" for none, and the text without it."""
    found = _WITHIN.search(text)
    if found is None:
        return "", text
    return dated(found[1]), f"{text[: found.start()]} {text[found.end() :]}"
