"""The preview of receipts follows the form before it is saved, and equals what is printed."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from messaging.models import SavedCard, TakeawayStore
from messaging.receipts.copies import Copy, Template, receipt_lines
from messaging.receipts.escpos import receipt_bytes
from messaging.receipts.lines import MM58
from messaging.receipts.sample import sample_order
from messaging.services.printing.rendering import receipt_of, template_of
from stores.roles import Role
from tests.back_office import at_work, page
from tests.messaging.factories import OrderFactory, TakeawayStoreFactory
from tests.messaging.printing.test_card import fill_in

pytestmark = pytest.mark.django_db
CARD_WORDS = ("王师傅", "安心卡")
WAITS = "is printed once today"
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


@pytest.mark.parametrize("on_receipt", [True, False])
def test_todays_safety_card_is_on_it_as_on_the_receipt_of_an_order(
    binding: TakeawayStore, on_receipt: bool
) -> None:
    fill_in(binding, on_receipt=on_receipt)
    html = at_work(binding.store).get(page(binding)).content.decode()
    assert ("厨师 王师傅" in " ".join(rows(html))) is on_receipt
    order = OrderFactory(binding=binding, accepted_at=timezone.now())
    receipt = receipt_lines(receipt_of(order), Copy.CUSTOMER, template=Template())
    printed = receipt_bytes(receipt, MM58)
    shown = [row.strip() for row in rows(html) if any(word in row for word in CARD_WORDS)]
    assert len(shown) == (2 if on_receipt else 0)
    assert all(row.encode("gbk") in printed for row in shown)
    assert WAITS not in html


def test_a_card_that_is_not_filled_in_today_is_said_to_be_missing(binding: TakeawayStore) -> None:
    card = fill_in(binding).card
    card.on_receipt = True
    card.save()
    SavedCard.objects.update(day=timezone.localdate() - timedelta(days=1))
    html = at_work(binding.store).get(page(binding)).content.decode()
    assert "王师傅" not in html
    assert WAITS in html


def test_a_strangers_store_has_no_preview(binding: TakeawayStore) -> None:
    other: TakeawayStore = TakeawayStoreFactory()
    client = at_work(binding.store, Role.OWNER)
    assert client.post(reverse("takeaway:look", args=[other.pk]), TYPED).status_code == 404
    assert client.get(reverse("takeaway:look", args=[binding.pk])).status_code == 405
