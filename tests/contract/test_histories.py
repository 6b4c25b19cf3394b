"""The history of a row says what it shows, and leads to everything else that was done with it."""

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry

from stores import audit
from tests.contract.languages import LANGUAGES
from tests.contract.test_languages import ADMINS, operator_of, url
from tests.contract.two_merchants import World, plainly_named

CHINESE = LANGUAGES[0]
SHOWN = "本页显示在表单里所做的修改"
FALSE = "没有修改历史"


@pytest.fixture
def made(made: World) -> World:
    return plainly_named(made)


@pytest.mark.parametrize("label", sorted(ADMINS))
def test_no_history_denies_what_the_audit_log_knows(label: str, made: World) -> None:
    row, client = made.row(label), CHINESE.client(operator_of(made))
    row.refresh_from_db()
    entry = audit.record("store changed", actor=None, merchant=made.mine.merchant, target=row)
    way = ""
    for _with_and_without_changes in range(2):
        answer: Any = client.get(url(label, "history", row))
        page, way = answer.content.decode(), answer.context["audit_log"]
        assert (SHOWN in page, FALSE in page) == (True, False)
        assert way.replace("&", "&amp;") in page
        LogEntry.objects.all().delete()
    found: Any = client.get(way)
    assert entry in found.context["cl"].result_list
