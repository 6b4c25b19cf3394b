"""(d) Whether a long past of verifications makes anything slower."""

from functools import partial

from django.urls import reverse

from tests.bench import past, sides
from tests.bench.api import hold, round_of
from tests.bench.client import Caller, caller_of, post_queued
from tests.bench.context import Bench
from tests.bench.load import Load
from tests.bench.shops import code_of, issue_codes, open_shop
from tests.bench.sides import Growth, Page, owner_of
from tests.bench.web import Web
from tests.stores.factories import StoreFactory

STORES = 20
CODES = 5_000_000


def run(bench: Bench) -> None:
    caller = caller_of(open_shop(bench.sandbox))
    merchant = caller.shop.store.merchant
    stores = [
        caller.shop.store.pk,
        *[StoreFactory(merchant=merchant).pk for _ in range(STORES - 1)],
    ]
    code = code_of(caller.shop, CODES)
    issue_codes(bench.sandbox, [caller.shop], [[code]])
    template = past.verify_one(caller.shop, code)
    hold(caller.shop)
    owner = owner_of(merchant)
    growth = Growth(
        name="size",
        rows="past verifications",
        work_name="POST verifications",
        copy=partial(past.copy, template, stores),
        warm_up=caller.warm_up,
        work=lambda server: _posts(server, caller, bench.size(1200, 300)),
        pages={
            "start page": Page(reverse("admin:index"), owner),
            "admin list": Page(reverse("admin:coupons_verification_changelist"), owner),
            "API list": Page("/api/v1/verifications/", caller.headers),
        },
    )
    sides.compare(bench, growth)


def _posts(server: Web, caller: Caller, count: int) -> Load:
    return round_of(lambda: post_queued(server, caller, count=count, first=CODES + 1))
