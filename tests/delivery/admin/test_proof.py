"""The proof file of a delivery: what stands in it, and that no byte can be changed unnoticed."""

import hashlib
import io
import json
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse
from django.utils import timezone

from delivery.models import Delivery
from delivery.services.proof import is_known, proof_check, proof_of, proof_taken
from stores.models import AuditEntry, InboundEvent, OutboundAttempt, OutboundCall
from stores.platforms.retention import remove_old_content
from stores.roles import Role
from tests.back_office import at_work, page
from tests.delivery.cancelling import delivery_cancel
from tests.delivery.factories import DeliveryStoreFactory
from tests.delivery.town import Town
from tests.delivery.tracking.seeing import called, waiting


@pytest.fixture
def ridden(town: Town) -> Delivery:
    """A delivery whose rider was called, and of whom WeChat has told something."""
    attempt = town.called("SS")
    InboundEvent.objects.create(
        platform="wechat",
        connection=town.place.connection,
        kind="update_waybill_status",
        dedup_key="1",
        subject_id=attempt.pk,
        body={"said": {"order_status": 102}, "mode": "secure", "form": "xml"},
    )
    return attempt.delivery


def lines_of(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_requests_answers_events_and_sums_stand_in_it(ridden: Delivery) -> None:
    lines = lines_of(proof_of(ridden))
    kinds = [line["kind"] for line in lines]
    for kind in ("delivery", "decision", "rider", "event", "call", "request", "done"):
        assert kind in kinds
    event = lines[kinds.index("event")]
    assert event["signature"] == {"result": "valid", "mode": "secure", "form": "xml"}
    request = lines[kinds.index("request")]
    assert (request["outcome"], bool(request["ended_at"])) == ("answered", True)
    assert lines[0]["receiver"] == ridden.receiver
    assert kinds[-1] == "end"
    assert "SS-secret" not in proof_of(ridden)


def requests_in(delivery: Delivery, path: str) -> list[dict[str, Any]]:
    """Returns the bodies that were sent to a path, as the file says."""
    tries = [line for line in lines_of(proof_of(delivery)) if line["kind"] == "request"]
    sent = [text.partition(" ") for tried in tries for text in tried["sent"]]
    return [json.loads(body) for name, _space, body in sent if name == path]


def test_each_request_stands_in_it_as_it_was_sent(ridden: Delivery) -> None:
    [body] = requests_in(ridden, "order/add")
    assert body["receiver"]["phone"] == ridden.receiver["phone"]
    assert (body["delivery_id"], body["shopid"]) == ("SS", "ss-demo-shop")
    content = proof_of(ridden)
    assert "access_token" not in content
    changed = content.replace(r"\"shop_no\":\"S01\"", r"\"shop_no\":\"S02\"", 1)
    assert changed != content
    assert proof_check(changed.encode()).wrong is not None


def test_a_cancellation_within_a_limit_shows_both_requests(town: Town) -> None:
    attempt = town.called("SS")
    delivery_cancel(delivery=attempt.delivery, actor="小王", max_fee=Decimal(5))
    town.work()
    for path in ("order/precancel", "order/cancel"):
        [body] = requests_in(attempt.delivery, path)
        assert body["shop_order_id"] == attempt.shop_order_id


def test_a_request_that_is_repeated_after_a_new_login_stands_there_once(town: Town) -> None:
    town.server.faults.add(operation="order/add", kind="auth", times=1)
    assert len(requests_in(town.called("SS").delivery, "order/add")) == 1


def test_bodies_are_emptied_with_the_other_content_of_calls(ridden: Delivery) -> None:
    long_ago = timezone.now() - timedelta(days=400)
    OutboundCall.objects.update(settled_at=long_ago)
    remove_old_content()
    assert requests_in(ridden, "order/add") == []
    tries = [line for line in lines_of(proof_of(ridden)) if line["kind"] == "request"]
    assert tries
    assert not any(line["sent"] or line["answer"] for line in tries)


def test_the_ledger_shows_what_was_sent_without_the_receiver(ridden: Delivery) -> None:
    row = OutboundAttempt.objects.get(call__operation="rider.call")
    shown = at_work(ridden.store, Role.OWNER).get(
        reverse("admin:stores_outboundattempt_change", args=[row.pk])
    )
    text = shown.content.decode()
    assert "order/add" in text
    assert "goods_weight" in text
    for private in (*map(str, ridden.receiver.values()), ridden.openid):
        if len(private) > 3:
            assert private not in text


def test_the_ledger_shows_nothing_of_a_request_that_was_cut(ridden: Delivery) -> None:
    row = OutboundAttempt.objects.get(call__operation="rider.call")
    row.sent = f'order/get {{}}\ncut {{"code":1,\n{row.sent[:-1]}'
    row.save()
    shown = at_work(ridden.store, Role.OWNER).get(
        reverse("admin:stores_outboundattempt_change", args=[row.pk])
    )
    text = shown.content.decode()
    assert "order/get {}" in text
    assert "cut {&quot;code&quot;:1," in text
    assert "order/add …" in text
    assert "goods_weight" not in text
    assert ridden.receiver["address"] not in text


def test_each_line_holds_the_hash_of_the_one_before(ridden: Delivery) -> None:
    texts = proof_of(ridden).splitlines()
    for before, line in pairwise(texts):
        assert json.loads(line)["before"] == hashlib.sha256(before.encode()).hexdigest()


def test_each_changed_added_or_missing_byte_is_found_in_its_line(ridden: Delivery) -> None:
    content = proof_of(ridden).encode()
    assert proof_check(content).wrong is None
    for at in range(len(content)):
        number = content[:at].count(b"\n") + 1
        changed = content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]
        assert (at, proof_check(changed).wrong) in ((at, number), (at, number + 1))
        if content[at : at + 1] != b"\n":
            assert proof_check(changed).wrong == number
        if at % 7 == 0:
            assert proof_check(content[:at] + content[at + 1 :]).wrong is not None
            assert proof_check(content[:at] + b"0" + content[at:]).wrong is not None


def test_lines_that_are_left_out_moved_or_put_behind_are_found(ridden: Delivery) -> None:
    lines = proof_of(ridden).encode().splitlines(keepends=True)
    assert proof_check(b"".join([lines[0], *lines[2:]])).wrong == 2
    assert proof_check(b"".join([lines[1], lines[0], *lines[2:]])).wrong == 1
    assert proof_check(b"".join(lines[:-1])).wrong == len(lines)
    assert proof_check(b"".join([*lines, b"{}\n"])).wrong == len(lines) + 1
    assert proof_check(b"").wrong == 1


@pytest.mark.parametrize("content", [b"\xff", b"[" * 100_000, b"null\n", b'{"line":1}\n'])
def test_what_is_no_proof_file_is_none(content: bytes) -> None:
    assert proof_check(content).wrong == 1


@pytest.mark.django_db
def test_a_file_that_was_written_anew_is_not_known() -> None:
    place = DeliveryStoreFactory()
    row = called(waiting(store=place.store)).delivery
    taken = proof_check(proof_taken(row, actor=None).encode()).seal
    forged = proof_check(proof_of(row).replace("翠苑", "文三").encode())
    assert is_known(taken, row)
    assert forged.wrong is not None
    again = proof_check(proof_of(row).encode())
    assert (again.wrong, is_known(again.seal, row)) == (None, False)


@pytest.mark.django_db
def test_managers_download_it_and_clerks_do_not() -> None:
    place = DeliveryStoreFactory()
    row = called(waiting(store=place.store)).delivery
    answer = at_work(place.store).post(page(row, "do", "get_proof"))
    assert proof_check(answer.content).wrong is None
    assert answer["Content-Disposition"] == f'attachment; filename="delivery-{row.pk}.jsonl"'
    clerk = at_work(place.store, Role.CLERK)
    assert clerk.post(page(row, "do", "get_proof")).status_code == 403
    assert AuditEntry.objects.filter(verb="delivery.proof").count() == 1


def test_the_command_prints_and_checks_a_file(ridden: Delivery, tmp_path: Path) -> None:
    out = io.StringIO()
    call_command("delivery_proof", str(ridden.pk), stdout=out)
    path = tmp_path / "proof.jsonl"
    path.write_text(out.getvalue(), encoding="utf-8")
    call_command("delivery_proof", str(ridden.pk), check=str(path), stdout=(said := io.StringIO()))
    assert said.getvalue().startswith("Unchanged: ")
    path.write_text(out.getvalue().replace("SS", "SF", 1), encoding="utf-8")
    with pytest.raises(CommandError, match=r"Line [0-9]+: it is not as it was written") as caught:
        call_command("delivery_proof", str(ridden.pk), check=str(path))
    assert caught.value.returncode == 1


@pytest.mark.django_db
@pytest.mark.parametrize("given", ["0", "x", "9" * 30, "-"])
def test_the_command_names_a_delivery_that_is_not_there(given: str) -> None:
    with pytest.raises(CommandError, match="There is no delivery") as caught:
        call_command("delivery_proof", given)
    assert caught.value.returncode == 3
