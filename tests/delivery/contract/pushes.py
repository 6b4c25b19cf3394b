"""The addresses to which WeChat pushes."""

from dataclasses import dataclass

from django.http import HttpResponse

from delivery.webhooks.endpoints import ProviderPush, ShopPush
from tests.contract.kinds import EndpointContract
from tests.delivery.factories import MiniProgramFactory
from tests.delivery.webhooks.pushing import SECRETS, Pusher, waybill


@dataclass(frozen=True)
class Caller:
    """Implements tests.contract.kinds.Caller."""

    pusher: Pusher
    event: dict[str, object]
    mode: str

    def post(self, body: bytes | None = None, *, is_signed: bool = True) -> HttpResponse:
        query, usual = self.pusher.parts(self.event, mode=self.mode)
        if not is_signed:
            query = {}
        answer: HttpResponse = self.pusher.send(query, usual if body is None else body)
        return answer


def shop_caller() -> Caller:
    return Caller(Pusher(MiniProgramFactory(credentials=SECRETS)), waybill(), "plain")


def provider_caller() -> Caller:
    provider = MiniProgramFactory(merchant=None, credentials=SECRETS)
    ticket = {
        "AppId": provider.account,
        "CreateTime": 1764500000,
        "InfoType": "component_verify_ticket",
        "ComponentVerifyTicket": "ticket@@@1",
    }
    return Caller(Pusher(provider, "tickets"), ticket, "secure")


def is_taken(answer: HttpResponse) -> bool:
    return (answer.status_code == 200 and b"ok" in answer.content) or answer.content == b"success"


ENDPOINTS = {
    ShopPush: EndpointContract(shop_caller, is_taken),
    ProviderPush: EndpointContract(provider_caller, is_taken),
}
