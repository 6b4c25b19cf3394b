"""The codes of the demo's sandbox: twelve digits, in every state."""

from typing import Any

from coupons.demo.deals import DEALS, OTHER, OURS, REMOTE_STATUS, GatewayAccount, Listing, sku_of
from stores.demo.world import World

# For the first store of the owner's merchant, where visitors of the demo try codes.
TO_TRY = {
    "unused": 60,
    "used": 6,
    "expired": 5,
    "refunded": 5,
    "not_yet_valid": 3,
    "not_on_this_day": 3,
}
ELSEWHERE = {"unused": 15, "used": 2, "expired": 1, "refunded": 1}
SHOWN = ("unused", "used", "expired", "refunded")


def deal_out(world: World) -> dict[str, dict[str, list[str]]]:
    """Returns codes for every store: remote id (a string, for JSON) → state → codes."""
    taken: set[str] = set()
    return {
        str(listing.remote_id): {
            state: [_code(world, taken) for _ in range(count)]
            for state, count in (TO_TRY if listing is OURS.stores[0] else ELSEWHERE).items()
        }
        for listing in (*OURS.stores, *OTHER.stores)
    }


def _code(world: World, taken: set[str]) -> str:
    while True:
        code = f"{world.rng.randrange(20_0000_0000_00, 99_0000_0000_00):012d}"
        if code not in taken:
            taken.add(code)
            return code


def seed_of(account: GatewayAccount, number: int, facts: dict[str, Any]) -> dict[str, Any]:
    """Returns one account in the sandbox's own form."""
    names = facts["stores"] if account is OURS else facts["other_stores"]
    return {
        "email": account.email,
        "password": facts["umember"]["passwords"][account.email],
        "id": 10_000 + number,
        "username": account.email.partition("@")[0],
        "stores": [
            _store(listing, row["name"], facts)
            for listing, row in zip(account.stores, names, strict=True)
        ],
    }


def _store(listing: Listing, name: str, facts: dict[str, Any]) -> dict[str, Any]:
    deals = DEALS[listing.trade]
    codes = facts["umember"]["codes"][str(listing.remote_id)]
    states = [(state, code) for state, listed in codes.items() for code in listed]
    if listing is OURS.stores[0]:
        # The gateway did execute the verification whose answer was lost.
        states.append(("used", facts["umember"]["lost_answer"]))
    return {
        "store_id": listing.remote_id,
        "store_name": name,
        "status": REMOTE_STATUS[listing.authorisation],
        "request_count": listing.request_count,
        "products": [
            {
                "sku_id": sku_of(listing.remote_id, position),
                "product_name": deal,
                "sku_name": deal,
                "actual_amount": price,
                "origin_amount": list_price,
            }
            for position, (deal, price, list_price) in enumerate(deals)
        ],
        "codes": [
            {"code": code, "state": state, "sku_id": sku_of(listing.remote_id, number % len(deals))}
            for number, (state, code) in enumerate(states)
        ],
    }


def by_state(facts: dict[str, Any], sandbox: dict[str, Any]) -> dict[str, list[str]]:
    """Returns the first store's codes by their present state, or by their first state without a
    sandbox file.
    """
    first, second, *_ = OURS.stores
    known = {
        code["code"]: code["state"]
        for account in sandbox.get("umember", {}).get("accounts", [])
        for store in account["stores"]
        for code in store["codes"]
    }
    found: dict[str, list[str]] = {state: [] for state in SHOWN}
    for state, codes in facts["umember"]["codes"][str(first.remote_id)].items():
        for code in codes:
            found.setdefault(known.get(code, state), []).append(code)
    found["other_store"] = list(facts["umember"]["codes"][str(second.remote_id)]["unused"][:5])
    return {name: found[name] for name in (*SHOWN, "other_store")}
