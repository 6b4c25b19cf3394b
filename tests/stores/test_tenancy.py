"""Who may see and do what: the same three people everywhere, and keys."""

from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser, User

from coupons.models import Verification
from stores.models import ApiKey, AuditEntry, Merchant, Staff, Store
from stores.roles import ROLE_PERMISSIONS, Permission, Role
from stores.tenancy import access_of, has_permission
from tests.coupons.factories import VerificationFactory
from tests.stores.factories import StoreFactory, UserFactory, api_key, member


@pytest.fixture
def stores(db: None) -> list[Store]:
    """Two stores of one merchant and one of another."""
    first = StoreFactory()
    return [first, StoreFactory(merchant=first.merchant), StoreFactory()]


def visible_to(actor: Any) -> set[int]:
    """What the database finds for the actor, which is what the actor's reach says of stores that
    were read already.
    """
    found, access = (
        set(Store.objects.for_staff(actor).values_list("pk", flat=True)),
        access_of(actor),
    )
    said = [
        row
        for row in Store.objects.all()
        if access.allows(merchant_id=row.merchant_id, store_id=row.pk)
    ]
    assert {row.pk for row in said} == found
    return found


def test_an_owner_sees_all_stores_of_the_own_merchant(stores: list[Store]) -> None:
    assert visible_to(member(stores[0].merchant, Role.OWNER)) == {stores[0].pk, stores[1].pk}


@pytest.mark.parametrize("role", [Role.MANAGER, Role.CLERK])
def test_managers_and_clerks_see_the_stores_they_are_given(stores: list[Store], role: Role) -> None:
    assert visible_to(member(stores[0].merchant, role, stores[1])) == {stores[1].pk}
    assert visible_to(member(stores[0].merchant, role)) == set()


def test_strangers_guests_and_those_who_left_see_nothing(stores: list[Store]) -> None:
    left = member(stores[0].merchant, Role.OWNER)
    Staff.objects.filter(user=left).update(is_active=False)
    disabled = member(stores[0].merchant, Role.OWNER, is_active=False)
    for nobody in (UserFactory(), AnonymousUser(), left, disabled):
        assert visible_to(nobody) == set()
        assert not any(has_permission(nobody, verb) for verb in Permission)


def test_a_platform_operator_sees_and_may_do_everything(stores: list[Store]) -> None:
    operator = UserFactory(is_superuser=True)
    assert visible_to(operator) == {store.pk for store in stores}
    assert all(has_permission(operator, verb, stores[2].merchant_id) for verb in Permission)


def test_nobody_works_for_a_merchant_that_was_switched_off(stores: list[Store]) -> None:
    owner = member(stores[0].merchant, Role.OWNER)
    Merchant.objects.filter(pk=stores[0].merchant_id).update(is_active=False)
    assert visible_to(owner) == set()
    assert not has_permission(owner, Permission.VIEW)


def test_a_store_of_another_merchant_listed_by_mistake_gives_no_access(stores: list[Store]) -> None:
    clerk = member(stores[0].merchant, Role.CLERK, stores[0], stores[2])
    key, _ = api_key(stores[0].merchant, stores[0], stores[2])
    assert visible_to(clerk) == {stores[0].pk}
    assert visible_to(key) == {stores[0].pk}


def test_somebody_may_work_for_two_merchants_in_two_roles(stores: list[Store]) -> None:
    user = member(stores[0].merchant, Role.CLERK, stores[0])
    Staff.objects.create(user=user, merchant=stores[2].merchant, role=Role.OWNER)
    assert visible_to(user) == {stores[0].pk, stores[2].pk}
    assert has_permission(user, Permission.MANAGE_STAFF, stores[2].merchant_id)
    assert not has_permission(user, Permission.MANAGE_STAFF, stores[0].merchant_id)
    assert has_permission(user, Permission.MANAGE_STAFF)


@pytest.mark.parametrize("role", list(Role))
def test_a_role_may_do_exactly_what_the_table_says(stores: list[Store], role: Role) -> None:
    user = member(stores[0].merchant, role, stores[0])
    assert {
        verb for verb in Permission if has_permission(user, verb, stores[0].merchant_id)
    } == ROLE_PERMISSIONS[role]
    assert {
        verb for verb in Permission if has_permission(user, verb, stores[2].merchant_id)
    } == set()


def test_roles_grow() -> None:
    assert (
        ROLE_PERMISSIONS[Role.CLERK]
        < ROLE_PERMISSIONS[Role.MANAGER]
        < ROLE_PERMISSIONS[Role.OWNER]
        == set(Permission)
    )
    assert set(ROLE_PERMISSIONS) == set(Role)


def test_a_key_reaches_its_merchant_or_only_its_stores(stores: list[Store]) -> None:
    whole, _ = api_key(stores[0].merchant)
    part, _ = api_key(stores[0].merchant, stores[1])
    nothing = ApiKey.objects.create(
        merchant=stores[0].merchant, name="x", digest="x", limited_to_stores=True
    )
    assert visible_to(whole) == {stores[0].pk, stores[1].pk}
    assert visible_to(part) == {stores[1].pk}
    assert visible_to(nothing) == set()


def test_a_merchant_is_seen_by_everybody_who_works_there(stores: list[Store]) -> None:
    clerk = member(stores[0].merchant, Role.CLERK, stores[0])
    assert list(Merchant.objects.for_staff(clerk)) == [stores[0].merchant]


def test_a_row_of_no_store_needs_the_whole_merchant(stores: list[Store]) -> None:
    AuditEntry.objects.create(merchant=stores[0].merchant, actor="x", verb="x")
    assert AuditEntry.objects.for_staff(member(stores[0].merchant, Role.OWNER)).count() == 1
    assert (
        AuditEntry.objects.for_staff(member(stores[0].merchant, Role.MANAGER, stores[0])).count()
        == 0
    )


def test_scoping_composes_with_filters_and_never_doubles_rows(stores: list[Store]) -> None:
    for store in stores:
        VerificationFactory(store=store)
    user = member(stores[0].merchant, Role.CLERK, stores[0], stores[1])
    rows = Verification.objects.filter(status="verified").for_staff(user)
    assert rows.count() == len({row.pk for row in rows}) == 2


def test_what_somebody_reaches_is_computed_once_per_request(
    stores: list[Store], django_assert_num_queries: Any
) -> None:
    user = User.objects.get(pk=member(stores[0].merchant, Role.CLERK, stores[0]).pk)
    with django_assert_num_queries(2):
        access_of(user)
        access_of(user)
