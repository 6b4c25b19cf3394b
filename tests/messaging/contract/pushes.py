"""Every address that Meituan calls."""

import json
from dataclasses import dataclass

from django.http import HttpResponse

from messaging.webhooks import endpoints
from tests.contract.kinds import EndpointContract
from tests.messaging.factories import TakeawayStoreFactory
from tests.messaging.pushing import Pusher
from tests.messaging.recorded_pushes import DEVELOPER, STORE, recorded_push


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

    def caller() -> Caller:
        push = recorded_push(endpoint.kind)
        binding = TakeawayStoreFactory(developer__account=DEVELOPER, e_poi_id=STORE)
        return Caller(Pusher(binding), push.address, push.fields)

    def is_taken(answer: HttpResponse) -> bool:
        known = json.dumps(endpoint.success, separators=(",", ":")).encode()
        return (answer.status_code, answer.content) == (200, known)

    return EndpointContract(caller, is_taken)


ENDPOINTS = {endpoint: told(endpoint) for endpoint in endpoints.ENDPOINTS}
