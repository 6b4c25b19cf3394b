"""Many codes pasted at once."""

import html
import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from coupons import codes
from coupons.models import Batch, BatchItem, Verification
from coupons.pages.batches import read_list
from coupons.services.batches import MAX_CODES, batch_request
from stores.platforms import outbox
from stores.roles import Role
from tests.coupons.factories import Shop, connected_shop
from tests.pages import english
from tests.stores.factories import StoreFactory, member

HERE = "/counter/batches/"
MANY = [f"7{number:011d}" for number in range(MAX_CODES + 1)]


def confirmed(text: str) -> dict[str, str]:
    """Returns what the button sends that spends this text."""
    return {"codes": text, "confirmed": read_list(text).seal}


def sent(page: str) -> dict[str, str]:
    """Returns what the button of this page sends that spends the counted text."""
    found = re.findall(r'<(?:input|button)[^>]* name="(\w+)" value="([^"]*)"', page)
    text = page[page.index("<textarea") : page.index("</textarea>")].partition(">")[2]
    fields = {name: html.unescape(value) for name, value in found} | {"codes": html.unescape(text)}
    return {name: fields[name] for name in ("store", "request_key", "confirmed", "codes")}


@pytest.fixture
def owner(shop: Shop, client: Client) -> User:
    user = member(shop.merchant, Role.OWNER)
    client.force_login(user)
    return user


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("", []),
        (" \r\n , ;", []),
        ("123456789012\r\n210987654321", ["123456789012", "210987654321"]),
        (
            "123456789012，210987654321；111122223333",
            ["123456789012", "210987654321", "111122223333"],
        ),
        ("1234 5678 9012\n210987654321", ["123456789012", "210987654321"]),
        ("123456789012 210987654321", ["123456789012", "210987654321"]),
        ("券码：123456789012 已付款\nhello", ["123456789012"]),
        ("１２３４５６７８９０１２", ["123456789012"]),
        ("2026-11-28\t13812345678\t4900123456789012345\t123456789012\t49.0", ["123456789012"]),
        ("20261128,13812345678,4900123456789012345,123456789012,王", ["123456789012"]),
        ('券码,姓名\n="012345678901",王\n\'123456789012,李', ["012345678901", "123456789012"]),
        ("\ufeff123456789012\n1. 210987654321", ["123456789012", "210987654321"]),
        (
            ",".join(f"{n:012d}" for n in range(1000, 1400)),
            [f"{n:012d}" for n in range(1000, 1400)],
        ),
        ("123456789012\n123456789012", ["123456789012"]),
    ],
)
def test_pasted_text_is_cut_into_codes(text: str, codes: list[str]) -> None:
    assert read_list(text).codes == codes


def test_lines_that_may_lack_a_zero_are_verified_with_it_only_when_told_so(
    client: Client, shop: Shop, owner: User
) -> None:
    text = "12345678901\n123456789012"
    assert (read_list(text).lacking, read_list(text).codes) == (["012345678901"], ["123456789012"])
    for choice, number in (({}, 1), ({"add_zero": "1"}, 2)):
        client.post(HERE, confirmed(text) | choice)
        assert BatchItem.objects.filter(batch=Batch.objects.latest("pk")).count() == number


def test_a_row_may_hold_several_numbers_that_lack_a_zero() -> None:
    pasted = read_list("12345678901\t12345678902").with_zeros()
    assert pasted.codes == pasted.lacking == ["012345678901", "012345678902"]


@pytest.mark.parametrize(
    ("text", "counts"),
    [
        ("123456789012，2234 56789013", (1, 0, 0, 1)),
        ("1234 56789012", (0, 0, 0, 1)),
        ("123456789012\t12345678901", (1, 1, 0, 0)),
        ("6901234567892\nSF1234567890123\n张三", (0, 0, 3, 0)),
    ],
)
def test_what_is_not_sure_is_counted_as_what_it_is(
    text: str, counts: tuple[int, int, int, int]
) -> None:
    read = read_list(text)
    assert (len(read.codes), len(read.lacking), len(read.odd), len(read.unsure)) == counts


def test_unclear_digits_beside_a_code_are_shown_and_left_out(shop: Shop) -> None:
    client = english(member(shop.merchant, Role.OWNER))
    code = shop.code()
    page = client.post(HERE, {"codes": f"{code}，2234 56789013"}).content.decode()
    assert "1 coupon was found" in page
    assert "In 1 line it is not clear which digits are a code" in page
    client.post(HERE, sent(page))
    assert [row.code_tail for row in Verification.objects.all()] == [code[-4:]]
    page = client.post(HERE, {"codes": "2234 56789013"}).content.decode()
    assert "It is not clear which of these digits are codes" in page


def test_the_page_of_a_batch_names_what_a_line_holds(shop: Shop) -> None:
    client = english(member(shop.merchant, Role.OWNER))
    lines = ["123456789012 223456789013", "134512345678901234"]
    batch = batch_request(store=shop.store, raw_codes=lines, actor=None)[0]
    page = client.get(reverse("coupons:batch", args=[batch.pk])).content.decode()
    assert "Several codes were found in what was entered" in page
    assert "This is a payment code, please put it away" in page


def test_a_million_words_are_refused_unread(
    client: Client, shop: Shop, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(codes, "read", lambda text: pytest.fail("read"))
    answer = client.post(HERE, {"codes": "12 " * 300_000, "confirmed": "x"})
    assert answer.status_code == 422
    assert not Batch.objects.exists()


def test_nothing_is_spent_before_the_count_of_what_was_pasted_is_confirmed(shop: Shop) -> None:
    client = english(member(shop.merchant, Role.OWNER))
    code = shop.code()
    text = f"{code}\n{shop.code()}\nnonsense\n{code}"
    page = client.post(HERE, {"codes": text, "store": shop.store.pk}).content.decode()
    for words in (
        "2 coupons were found",
        "1 line repeats a code",
        "1 line is no code:",
        "<q>nonsense</q>",
    ):
        assert words in page, words
    assert f"required>{text}</textarea>" in page
    assert (Batch.objects.count(), Verification.objects.count()) == (0, 0)
    answer = client.post(HERE, sent(page))
    assert answer["Location"] == reverse("coupons:batch", args=[Batch.objects.get().pk])
    assert (BatchItem.objects.count(), Verification.objects.count()) == (2, 2)


def test_a_confirmation_sent_twice_makes_one_batch(client: Client, shop: Shop, owner: User) -> None:
    page = client.post(HERE, {"codes": shop.code()}).content.decode()
    answers = [client.post(HERE, sent(page))["Location"] for _ in range(2)]
    assert answers[0] == answers[1]
    client.post(HERE, sent(page) | confirmed(shop.code()))
    assert (Batch.objects.count(), Verification.objects.count()) == (2, 2)


@pytest.mark.parametrize("choice", [{}, {"add_zero": "1"}])
def test_a_text_changed_after_it_was_counted_is_counted_again(
    client: Client, shop: Shop, owner: User, choice: dict[str, str]
) -> None:
    kept, removed, lacking = shop.code(), shop.code(), "12345678901"
    old = confirmed(f"{kept}\n{removed}\n{lacking}")
    page = client.post(HERE, old | choice | {"codes": f"{kept}\n{lacking}"}).content.decode()
    assert (Batch.objects.count(), "共 1 张券" in page) == (0, True)
    client.post(HERE, sent(page))
    assert [item.code_tail for item in BatchItem.objects.all()] == [kept[-4:]]


def test_pasted_codes_become_a_batch_with_a_bar_and_a_line_for_each(
    client: Client, shop: Shop, owner: User
) -> None:
    text = f"{shop.code()}\n{shop.code('expired')}\nnonsense"
    answer = client.post(HERE, confirmed(text) | {"store": shop.store.pk})
    batch = Batch.objects.get()
    assert answer["Location"] == reverse("coupons:batch", args=[batch.pk])
    page = client.get(answer["Location"]).content.decode()
    assert '<progress value="0" max="2"' in page
    assert "hx-get" in page
    outbox.work(seconds=10)
    page = client.get(answer["Location"]).content.decode()
    assert '<progress value="2" max="2"' in page
    assert "hx-get" not in page
    assert [row.status for row in Verification.objects.order_by("pk")] == ["verified", "refused"]


def counted(client: Client, shop: Shop, codes: str) -> dict[str, Any]:
    """Returns the data of the form that is shown after the codes are counted."""
    page = client.post(HERE, {"codes": codes, "store": shop.store.pk}).content.decode()
    found = re.search(
        r'<form[^>]* data-once.*name="request_key" value="([0-9a-f]{32})"', page, re.DOTALL
    )
    assert found is not None
    return confirmed(codes) | {"store": shop.store.pk, "request_key": found[1]}


def test_a_form_that_is_sent_twice_makes_one_batch(client: Client, shop: Shop, owner: User) -> None:
    sent = counted(client, shop, f"{shop.code()}\n{shop.code()}")
    first, again = client.post(HERE, sent), client.post(HERE, sent)
    assert first["Location"] == again["Location"]
    assert (Batch.objects.count(), BatchItem.objects.count()) == (1, 2)


def test_an_old_form_with_other_codes_and_a_new_form_are_other_batches(
    client: Client, shop: Shop, owner: User
) -> None:
    sent = counted(client, shop, shop.code())
    for changed in (sent, sent | confirmed(shop.code()), counted(client, shop, sent["codes"])):
        assert client.post(HERE, changed).status_code == 302
    assert Batch.objects.count() == 3


def test_the_list_leads_to_the_box_and_the_box_to_the_list(
    client: Client, shop: Shop, owner: User
) -> None:
    assert f'href="{HERE}"' in client.get("/admin/coupons/batch/").content.decode()
    assert "/admin/coupons/batch/" not in client.get(HERE).content.decode()
    Batch.objects.create(store=shop.store, requested_by="x")
    assert 'href="/admin/coupons/batch/"' in client.get(HERE).content.decode()


def test_a_repeated_code_is_shown_as_such_and_counted_once(
    client: Client, shop: Shop, owner: User
) -> None:
    code, other, used = shop.code(), shop.code(), shop.code("used")
    client.cookies["django_language"] = "en"
    batch = batch_request(
        store=shop.store, raw_codes=[code, other, used, "nonsense", code], actor=owner
    )[0]
    outbox.work(seconds=10)
    page = client.get(f"{HERE}{batch.pk}/").content.decode()
    for words in (
        "Verified: 2",
        "Refused: 2",
        "Repeated: 1",
        "Same as line 1",
        '<progress value="5" max="5"',
    ):
        assert words in page, words
    assert page.count('<tr class="verified">') == 2
    assert (
        '<progress max="5" value="5"></progress> 5 / 5'
        in client.get("/admin/coupons/batch/").content.decode()
    )
    row = client.get(f"/admin/coupons/batch/{batch.pk}/change/").content.decode()
    assert "2 verified, 1 refused, 1 no codes, 1 repeated, 0 open" in row


def test_nothing_and_too_much_are_refused_whole(client: Client, shop: Shop, owner: User) -> None:
    for text in (
        "",
        "\n\n",
        "nonsense\nhello",
        "\n".join(MANY),
    ):
        answer = client.post(HERE, confirmed(text))
        assert answer.status_code == 422
        assert 'role="alert"' in answer.content.decode()
        assert f"required>{text}</textarea>" in answer.content.decode()
    assert (Batch.objects.count(), Verification.objects.count()) == (0, 0)


def test_odd_lines_are_shown_and_not_kept(client: Client, shop: Shop, owner: User) -> None:
    lines = [
        "😀" * 50,
        "a\x00b\x00",
        "'; DROP TABLE x; --",
        "1" * 10_000,
        "<script>alert(1)</script>",
    ]
    text = "\n".join([*lines, shop.code()])
    for fields in ({"codes": text}, confirmed(text)):
        answer = client.post(HERE, fields, follow=True)
        assert answer.status_code == 200
        assert "<script>alert" not in answer.content.decode()
    assert BatchItem.objects.count() == 1
    assert shop.sandbox.arrivals.all() == []


def test_a_foreign_store_and_a_foreign_batch_are_not_found(
    client: Client, shop: Shop, owner: User
) -> None:
    other = connected_shop(shop.sandbox)
    assert client.post(HERE, {"codes": "700000000000", "store": other.store.pk}).status_code == 404
    theirs = Batch.objects.create(store=other.store, requested_by="x")
    assert client.get(f"{HERE}{theirs.pk}/").status_code == 404
    assert client.get(f"{HERE}{'9' * 40}/").status_code == 404
    assert Batch.objects.count() == 1


def test_a_clerk_sees_the_batches_of_the_own_store_only(client: Client, shop: Shop) -> None:
    client.force_login(member(shop.merchant, Role.CLERK, shop.store))
    own = Batch.objects.create(store=shop.store, requested_by="x")
    other = Batch.objects.create(store=StoreFactory(merchant=shop.merchant), requested_by="x")
    assert client.get(f"{HERE}{own.pk}/").status_code == 200
    assert client.get(f"{HERE}{other.pk}/").status_code == 404


def test_signing_in_is_needed(client: Client, db: None) -> None:
    assert client.get(HERE)["Location"] == "/admin/login/?next=/counter/batches/"
    assert (
        client.post(HERE, {"codes": "700000000000"})["Location"] == "/admin/login/?next=/counter/"
    )
