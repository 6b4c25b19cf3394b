"""Every address that Meituan calls."""

import json
from dataclasses import dataclass

from django.http import HttpResponse

from messaging.webhooks import endpoints
from tests.contract.kinds import EndpointContract
from tests.messaging.factories import (
    TakeawayStoreFactory,
)
from tests.messaging.pushing import FIELDS, Pusher
from tests.messaging.samples import ORDER_ID
from tests.messaging.samples import order as sample


@dataclass(frozen=True)
class Caller:
    """Implements tests.contract.kinds.Caller for one address."""

    pusher: Pusher
    address: str
    fields: dict[str, str]

    def post(self, body: bytes | None = None, *, is_signed: bool = True) -> HttpResponse:
        answer: HttpResponse
        if body is not None:
            answer = self.pusher.raw(self.address, body)
        else:
            key = {} if is_signed else {"key": "another sign key"}
            answer = self.pusher.form(self.address, **key, **self.fields)
        return answer


def told(endpoint: type[endpoints.Push]) -> EndpointContract:
    """Returns the contract of a push: Meituan reads its acknowledgement to the letter."""
    address = endpoint.kind.value.replace("_", "-")

    def caller() -> Caller:
        pusher = Pusher(TakeawayStoreFactory())
        return Caller(pusher, address, PLAIN.get(address) or {FIELDS[address]: SAID[address]})

    def is_taken(answer: HttpResponse) -> bool:
        known = json.dumps(endpoint.success, separators=(",", ":")).encode()
        return (answer.status_code, answer.content) == (200, known)

    return EndpointContract(caller, is_taken)


ABOUT = {"orderId": ORDER_ID}
PLAIN = {
    "privacy": {"order": ""},
    "bind": {"appAuthToken": "tok-demo-0002", "businessId": "2", "poiId": "7", "poiName": "演示店"},
    "unbind": {"businessId": "2"},
}
SAID = {
    address: json.dumps(said)
    for address, said in {
        "order-new": sample(),
        "order-confirmed": sample(status=4),
        "order-finished": sample(status=8),
        "order-cancelled": ABOUT | {"reasonCode": "1103", "reason": "不想要了"},
        "refund": ABOUT | {"notifyType": "apply", "reason": "少送了"},
        "part-refund": ABOUT | {"notifyType": "part", "money": 12.5, "reason": "少送了"},
        "shipping": ABOUT | {"shippingStatus": 20, "time": 1616400600},
        "remind": ABOUT,
        "poi-status": {"poiStatus": 121},
        "settlement": ABOUT | {"settleCent": 4870},
        "message": {"biz_type": 1, "push_content": {"msg_id": 1}},
    }.items()
}
ENDPOINTS = {endpoint: told(endpoint) for endpoint in endpoints.ENDPOINTS}
