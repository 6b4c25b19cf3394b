"""What WeChat grants a service provider."""

from typing import Any

import pytest

from delivery.wire.providers import parse_granted
from stores.platforms.errors import Unknown

INFO = {
    "authorizer_appid": "wx1",
    "authorizer_access_token": "a",
    "expires_in": 7200,
    "authorizer_refresh_token": "r",
}


def granted(func_info: Any) -> bool:
    return parse_granted({"authorization_info": {**INFO, "func_info": func_info}}).may_deliver


@pytest.mark.parametrize("number", [51, 71, "71"])
def test_either_permission_set_lets_us_deliver(number: Any) -> None:
    assert granted([{"funcscope_category": {"id": 17}}, {"funcscope_category": {"id": number}}])


@pytest.mark.parametrize("func_info", [None, 7, "51", {}, [51], [{}], [{"funcscope_category": 51}]])
def test_what_is_no_list_of_permissions_grants_none(func_info: Any) -> None:
    assert not granted(func_info)


@pytest.mark.parametrize("info", [None, [], {**INFO, "authorizer_refresh_token": 0}])
def test_an_answer_that_grants_nothing_is_unknown(info: Any) -> None:
    with pytest.raises(Unknown):
        parse_granted({"authorization_info": info})
