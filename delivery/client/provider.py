"""Client of a service provider (服务商): his tokens, and those of the shops for which he acts
(docs/platforms/wechat_delivery.md §1.2).
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from delivery.wire import answers, providers
from stores.platforms.bodies import utf8_json
from stores.platforms.client import PlatformClient
from stores.platforms.errors import Unknown
from stores.platforms.reading import any_text

ROOT = "/cgi-bin/component/"
# The page on which a shop's administrator authorises a provider, in a browser and in WeChat.
PAGE = "https://mp.weixin.qq.com/cgi-bin/componentloginpage"
# What is asked for: a mini-program.
MINI_PROGRAM = "2"
STARTED = "in a normal state"


class ProviderClient(PlatformClient):
    """One typed method per remote call. All methods raise PlatformError; `token` is the provider's
    own.
    """

    def login(self, appid: str, secret: str, ticket: str) -> providers.RemoteToken:
        """POST api_component_token → the provider's token, for the ticket that WeChat pushed last.

        Raises NotSent while the ticket is missing or too old: a new one comes by itself.
        """
        given = {
            "component_appid": appid,
            "component_appsecret": secret,
            "component_verify_ticket": ticket,
        }
        return providers.parse_token(
            self._call("api_component_token", "", given), "component_access_token"
        )

    def start_tickets(self, appid: str, secret: str) -> None:
        """POST api_start_push_ticket: asks WeChat to push tickets (again)."""
        given = {"component_appid": appid, "component_secret": secret}
        try:
            self._call("api_start_push_ticket", "", given)
        except Unknown as error:
            # Tickets are being pushed; whether a code stands beside these words is not published.
            if STARTED not in error.detail:
                raise

    def pre_auth_code(self, token: str, appid: str) -> str:
        """POST api_create_preauthcode → the code with which a shop's administrator is asked."""
        data = self._call("api_create_preauthcode", token, {"component_appid": appid})
        code = any_text(data, "pre_auth_code", most=providers.LONGEST)
        if not code:
            raise Unknown("no pre_auth_code in the answer")
        return code

    def grant(self, token: str, appid: str, code: str) -> providers.Granted:
        """POST api_query_auth → what a shop has granted; each code works once."""
        given = {"component_appid": appid, "authorization_code": code}
        return providers.parse_granted(self._call("api_query_auth", token, given))

    def shop_token(
        self, token: str, appid: str, *, shop: str, refresh: str
    ) -> providers.RemoteToken:
        """POST api_authorizer_token → a shop's next token, with its next refresh token.

        Raises LoginRefused when the shop has withdrawn.
        """
        given = {
            "component_appid": appid,
            "authorizer_appid": shop,
            "authorizer_refresh_token": refresh,
        }
        data = self._call("api_authorizer_token", token, given)
        return providers.parse_token(data, "authorizer_access_token")

    def _call(self, name: str, token: str, given: Mapping[str, Any]) -> dict[str, Any]:
        params = {"component_access_token": token} if token else {}
        return answers.open_platform(
            self.request("POST", ROOT + name, params=params, body=utf8_json(given))
        )


def authorisation_page(*, appid: str, code: str, back_to: str) -> str:
    """Returns the address at which a shop's administrator authorises the provider."""
    given = {
        "component_appid": appid,
        "pre_auth_code": code,
        "redirect_uri": back_to,
        "auth_type": MINI_PROGRAM,
    }
    return f"{PAGE}?{urlencode(given)}"
