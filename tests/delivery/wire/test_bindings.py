from delivery.choices import Audit
from delivery.wire.bindings import RemoteAccount, RemoteCourier, parse_accounts, parse_couriers


def test_couriers_are_listed() -> None:
    given = {"list": [{"delivery_id": "SS", "delivery_name": "闪送"}, {"delivery_name": "x"}, 5]}
    assert parse_couriers(given) == [RemoteCourier("SS", "闪送")]
    assert parse_couriers({"list": None}) == parse_couriers({}) == []


def test_accounts_have_their_audit_and_what_names_none_is_left_out() -> None:
    given = {
        "shop_list": [
            {"delivery_id": "DADA", "shopid": "dada1", "audit_result": 0, "delivery_name": "达达"},
            {"delivery_id": "SS", "shopid": 77, "audit_result": "1"},
            {"delivery_id": "SFTC", "shopid": "s", "audit_result": 9},
            {"delivery_id": "MTPS", "shopid": "", "audit_result": 0},
            {"delivery_id": "MTPS", "shopid": "x" * 65, "audit_result": 0},
            None,
        ]
    }
    assert parse_accounts(given) == [
        RemoteAccount("DADA", "dada1", Audit.PASSED, "达达"),
        RemoteAccount("SS", "77", Audit.WAITING, ""),
        RemoteAccount("SFTC", "s", None, ""),
    ]
