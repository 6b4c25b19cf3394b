"""The preview of receipts follows the form before it is saved, and equals what is printed."""

import re

import pytest
from django.urls import reverse

from messaging.models import TakeawayStore
from messaging.receipts.copies import Copy, receipt_lines
from messaging.receipts.escpos import receipt_bytes
from messaging.receipts.lines import MM58
from messaging.receipts.sample import sample_order
from messaging.services.printing.rendering import template_of
from stores.roles import Role
from tests.back_office import at_work, page
from tests.messaging.factories import TakeawayStoreFactory

pytestmark = pytest.mark.django_db
TYPED = {"head_line": "欢迎光临", "foot_line": "<b>谢谢</b>", "big_dishes": "on"}


def rows(html: str) -> list[str]:
    """Returns the rows of all copies as text."""
    found = re.findall(r'<div class="row[^>]*><span>(.*?)</span></div>', html)
    return [re.sub("<[^>]*>", "", row).replace("&lt;", "<").replace("&gt;", ">") for row in found]


def test_what_is_typed_is_shown_as_it_would_be_printed(binding: TakeawayStore) -> None:
    client = at_work(binding.store)
    address = reverse("takeaway:look", args=[binding.pk])
    assert f'data-look="{address}"' in client.get(page(binding)).content.decode()
    html = client.post(address, TYPED).content.decode()
    assert html.count("<figure>") == 3
    for name, value in (TYPED | {"big_dishes": True}).items():
        setattr(binding, name, value)
    printed = b""
    for copy in Copy:
        template = template_of(binding, copy)
        lines = receipt_lines(sample_order(binding.store.name), copy, template=template)
        printed += receipt_bytes(lines, MM58)
    shown = [row.strip() for row in rows(html)]
    assert {"欢迎光临", "<b>谢谢</b>"} <= set(shown)
    assert all(row.encode("gbk") in printed for row in shown)
    binding.refresh_from_db()
    assert (binding.head_line, binding.big_dishes) == ("", False)


def test_a_strangers_store_has_no_preview(binding: TakeawayStore) -> None:
    other: TakeawayStore = TakeawayStoreFactory()
    client = at_work(binding.store, Role.OWNER)
    assert client.post(reverse("takeaway:look", args=[other.pk]), TYPED).status_code == 404
    assert client.get(reverse("takeaway:look", args=[binding.pk])).status_code == 405
