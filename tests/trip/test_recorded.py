"""Every recorded answer of Meituan to a notice means what its file says."""

from collections.abc import Callable
from typing import Any

import pytest

from stores.platforms.errors import PlatformError
from tests.canned import Canned
from tests.recorded import Recorded, recorded
from trip.client import NoticeClient

ANSWERS = recorded("trip")
SEND: dict[str, Callable[[NoticeClient], str]] = {
    "pay_notice": lambda client: client.pay(issue_type=1, describe="success", body={}),
    "refund_notice": lambda client: client.refund(code=200, describe="退款成功", body={}),
    "consume_notice": lambda client: client.consume(body={}),
    "product_notice": lambda client: client.product(body=[]),
}


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda answer: answer.name)
def test_a_recorded_answer_means_what_its_file_says(answer: Recorded) -> None:
    with Canned(answer.bytes) as server:
        client = NoticeClient(
            server.url, partner_id="1001", client_id="c", secret="s", timeout=(5, 5)
        )
        try:
            found: dict[str, Any] = {"said": SEND[answer.call](client)}
        except PlatformError as error:
            found = {"error": type(error).__name__, "message": error.detail}
    assert found | answer.expect == found
    assert answer.expect


def test_every_notice_is_recorded() -> None:
    assert {answer.call for answer in ANSWERS} == set(SEND)
