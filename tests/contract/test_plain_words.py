"""No page of the back office speaks to people as to programmers; a new admin is walked once it is
registered.

The originals of errors, which a click unfolds, are left out.
"""

import inspect
import json
import re
from datetime import UTC, datetime
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.admin.utils import flatten_fieldsets
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.test import RequestFactory
from django.utils.translation import override

from stores.domains import domains, merged
from stores.models import AuditEntry, Pace
from tests.contract.collected import APPS
from tests.contract.languages import LANGUAGES
from tests.contract.test_languages import ADMINS, asking, operator_of, url
from tests.contract.two_merchants import World, plainly_named
from tests.contract.visible import english_in, visible

pytestmark = pytest.mark.usefixtures("made")
CHINESE = LANGUAGES[0]
UNREADABLE = {
    "HTML": re.compile(r"</?[a-z]+[ >/]|&(?:lt|gt|amp|quot);"),
    "a path of ours": re.compile(rf"(?<![\w.])(?:{'|'.join(APPS)}|django\w*)\.[a-z_]+"),
    "a class": re.compile(r"\b[A-Z]\w+(?:Error|Exception)\b| object \(|Traceback"),
    "a setting": re.compile(r"\b[A-Z]{2,}(?:_[A-Z]+)+\b"),
    "seconds since 1970": re.compile(r"\b1[6-9]\d{8}(?:\.\d+)?\b"),
    "Python": re.compile(r"\bNone\b|\bTrue\b|\bFalse\b|\(\d+,\)|datetime\.|<lambda>"),
}
_ORIGINAL = re.compile(r'(<details class="zg-original">.*?</summary>).*?</details>', re.S)


def unreadable(page: str) -> list[tuple[str, str]]:
    return [
        (kind, text)
        for text in visible(_ORIGINAL.sub(r"\1</details>", page))
        for kind, pattern in UNREADABLE.items()
        if pattern.search(text)
    ]


@pytest.fixture
def made(made: World) -> World:
    """Two merchants, and in the operator's ledgers what programs write there."""
    plainly_named(made)
    failed: Any = made.shared["django_q.Failure"]
    type(failed).objects.update(result="ValueError: no : Traceback (most recent call last):")
    schedule: Any = made.shared["django_q.Schedule"]
    type(schedule).objects.update(name="stores.tasks.sweep", func="stores.tasks.sweep", minutes=60)
    Pace.objects.update(next_at=datetime.now(UTC).timestamp())
    return made


@pytest.mark.parametrize("label", sorted(ADMINS))
@pytest.mark.parametrize("who", ["owner", "operator"])
def test_pages_are_in_plain_words(label: str, who: str, made: World) -> None:
    row, person = made.row(label), made.people[who]
    changed = history_of_all_fields(row, operator_of(made))
    pages = [url(label, "changelist"), url(label, "add")]
    pages += [url(label, page, row) for page in ("change", "history")]
    pages += [
        f"{url(label, 'change', row).removesuffix('change/')}do/{name}/" for name in asking(label)
    ]
    client = CHINESE.client(person)
    read = {page: client.get(page).content.decode() for page in pages}
    assert {page: found for page, html in read.items() if (found := unreadable(html))} == {}
    if changed and who == "operator":
        assert english_in(read[url(label, "history", row)]) == []


def history_of_all_fields(row: models.Model, user: Any) -> list[str]:
    """Writes what Django writes when every field of a form was changed, in its own English."""
    made: Any = admin.site._registry[type(row)]
    if made.change_permission is None:
        return []
    request: Any = RequestFactory().get("/")
    request.user = user
    with override(None):
        form = made.get_form(request, row, change=True)
        shown = flatten_fieldsets(made.get_fieldsets(request, row))
        fields = [str(field.label) for name, field in form.base_fields.items() if name in shown]
        rows = [
            {"added": {"name": str(inline.opts.verbose_name), "object": "1"}}
            for inline in made.get_inline_instances(request, row)
        ]
    LogEntry.objects.all().delete()
    if fields:
        LogEntry.objects.create(
            user=user,
            content_type=ContentType.objects.get_for_model(row, for_concrete_model=False),
            object_id=str(row.pk),
            object_repr="1",
            action_flag=CHANGE,
            change_message=json.dumps([{"changed": {"fields": fields}}, *rows]),
        )
    return fields


@pytest.mark.parametrize("label", sorted(ADMINS))
def test_the_audit_log_names_changed_fields_in_the_readers_language(
    label: str, made: World
) -> None:
    fields = history_of_all_fields(made.row(label), operator_of(made))
    entry = AuditEntry.objects.create(
        merchant=made.mine.merchant,
        actor="alpha",
        verb="store changed",
        data={"fields": fields, "role": "clerk", "method": "counter"},
    )
    client = CHINESE.client(made.people["owner"])
    page = client.get(url("stores.AuditEntry", "change", entry)).content.decode()
    assert english_in(page) == []


def test_every_task_of_the_queue_has_a_name() -> None:
    titles = merged("task_titles")
    paths = [schedule.task for domain in domains() for schedule in domain.schedules]
    for app in APPS:
        if find_spec(f"{app}.tasks"):
            module = import_module(f"{app}.tasks")
            paths += [
                f"{app}.tasks.{name}"
                for name, found in vars(module).items()
                if inspect.isfunction(found) and found.__module__ == module.__name__
            ]
    assert [path for path in paths if path not in titles] == []


def test_a_task_of_the_queue_is_called_by_its_name_and_a_failure_is_a_sentence(made: World) -> None:
    client = CHINESE.client(operator_of(made))
    page = client.get(url("django_q.Failure", "changelist")).content.decode()
    assert ("发送给平台" in page, "stores.tasks" in page) == (True, False)
    assert "这个任务出错了" in page
    schedules = client.get(url("django_q.Schedule", "changelist")).content.decode()
    assert ("补做遗漏的工作" in schedules, "每 1 小时" in schedules) == (True, True)
    waiting = client.get(url("django_q.OrmQ", "changelist")).content.decode()
    assert "发送给平台" in waiting
