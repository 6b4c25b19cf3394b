"""A shop that sends by couriers below a service provider, who has all keys on both sides."""

from dataclasses import dataclass

from delivery.services import authorising, providing
from stores.models import Connection
from tests.delivery.factories import MiniProgramFactory
from tests.delivery.services.providers import COMPONENT, SECRET, at_of
from tests.delivery.town import APPID, Town
from tests.delivery.webhooks.pushing import SECRETS


@dataclass
class Below:
    """A shop whose mini-program has authorised a service provider, who has all keys."""

    town: Town
    provider: Connection

    @property
    def shop(self) -> Connection:
        return self.town.place.connection

    def withdraw(self) -> None:
        told = self.town.post(f"apps/{APPID}/withdraw", {})
        providing.withdrawn(provider=self.provider, appid=APPID, at=at_of(told))

    def provider_signs_in_anew(self) -> None:
        Connection.objects.filter(pk=self.provider.pk).update(token="", token_ends_at=None)


def below_provider(town: Town, our_url: str = "") -> Below:
    """Puts the town's mini-program below a provider; WeChat pushes to our addresses if there are
    any.
    """
    town.switch(push_retry_seconds=[0.05, 0.05, 0.05], ticket_seconds=0)
    provider = MiniProgramFactory(
        merchant=None, account=COMPONENT, credentials={"secret": SECRET, **SECRETS}
    )
    at = f"{our_url}/wechat/{provider.pk}" if our_url else ""
    addresses = {"callback": f"{at}/tickets/", "messages": f"{at}/push/$APPID$/"} if at else {}
    account = {"appid": COMPONENT, "secret": SECRET, **SECRETS, **addresses}
    town.post("providers", account)
    ticket = town.post(f"providers/{COMPONENT}/ticket", {})["ticket"]
    shop = town.place.connection
    # It has no secrets of its own.
    shop.parent, shop.credentials = provider, {}
    shop.save()
    provider.credentials |= {"ticket": ticket}
    provider.save(update_fields=["credentials"])
    told = town.post(f"apps/{APPID}/authorise", {"provider": COMPONENT})
    authorising.came_back(
        provider=provider,
        merchant=town.place.store.merchant,
        code=told["AuthorizationCode"],
        actor=None,
    )
    town.place.refresh_from_db()
    return Below(town, provider)
