"""Guesses of passwords are limited and noted; who got a password from somebody changes it first."""

import re
import threading
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.urls import reverse

from stores.backoffice import signin
from stores.models import AuditEntry, Merchant, RateWindow, Staff, Store
from stores.roles import Role
from stores.web.limits import Limit
from tests.pages import english
from tests.stores.factories import PASSWORD, MerchantFactory, UserFactory, member

pytestmark = pytest.mark.django_db
LOGIN = "/admin/login/"
CHANGE = "/admin/password_change/"
NEW = "tiger-leaps-9-walls"


def sign_in(name: str, password: str, address: str = "203.0.113.1") -> Any:
    return english().post(
        f"{LOGIN}?next=/admin/", {"username": name, "password": password}, REMOTE_ADDR=address
    )


def change(client: Client, old: str, new: str = NEW) -> Any:
    fields = {"old_password": old, "new_password1": new, "new_password2": new}
    return client.post(CHANGE, fields)


def verbs(merchant: Merchant | None) -> list[str]:
    return list(
        AuditEntry.objects.filter(merchant=merchant).order_by("pk").values_list("verb", flat=True)
    )


def test_a_name_longer_than_any_is_not_looked_for() -> None:
    answer = sign_in("a" * 60_000, PASSWORD)
    assert answer.status_code == 200
    assert "at most 150 characters" in answer.content.decode()
    assert not RateWindow.objects.exists()
    assert verbs(None) == []


@pytest.mark.django_db(transaction=True)
def test_of_many_guesses_at_one_moment_no_more_are_looked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looked: list[str] = []
    gate = threading.Barrier(16)

    def authenticate(request: object, username: str, password: str) -> None:
        looked.append(password)

    monkeypatch.setattr("django.contrib.auth.forms.authenticate", authenticate)

    def guess(number: int) -> None:
        gate.wait()
        sign_in("boss", str(number))
        connection.close()

    threads = [threading.Thread(target=guess, args=[number]) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(looked) == signin.WRONG_PASSWORDS.count


def test_guesses_of_one_name_from_many_addresses_are_limited(
    merchant: Merchant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signin, "WRONG_ANYWHERE", Limit("sign-in-name", 3, 10**8))
    member(merchant, Role.OWNER, username="boss")
    for number in range(3):
        sign_in("Boss", "no", f"203.0.113.{number}")
    assert "Too many wrong passwords" in sign_in("boss", PASSWORD, "198.51.100.1").content.decode()


def test_what_the_narrow_limit_refuses_does_not_use_up_the_wide_one(
    merchant: Merchant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signin, "WRONG_ANYWHERE", Limit("sign-in-name", 12, 10**8))
    member(merchant, Role.OWNER, username="boss")
    for _number in range(30):
        sign_in("boss", "no")
    assert sign_in("boss", PASSWORD, "198.51.100.1").status_code == 302


def test_a_refused_sign_in_says_nothing_of_saving(merchant: Merchant) -> None:
    page = sign_in("boss", "no").content.decode()
    assert 'role="alert"' in page
    assert "not saved" not in page


def test_an_incomplete_form_is_no_guess(db: None) -> None:
    assert sign_in("boss", "").status_code == sign_in("", "x").status_code == 200
    assert not RateWindow.objects.exists()
    assert not AuditEntry.objects.exists()


def test_wrong_old_passwords_are_limited(merchant: Merchant) -> None:
    owner = member(merchant, Role.OWNER, username="boss")
    client = english(owner)
    for _number in range(8):
        assert "incorrect" in change(client, "no").content.decode()
    assert "Too many wrong passwords" in change(client, PASSWORD).content.decode()
    owner.refresh_from_db()
    assert owner.check_password(PASSWORD)
    assert verbs(merchant) == ["old password wrong"] * 8


def test_sign_ins_and_failures_stand_in_the_audit_log(merchant: Merchant) -> None:
    boss = member(merchant, Role.OWNER, username="boss")
    sign_in("boss", "s3cret-typed")
    sign_in("boss", PASSWORD)
    wrong, right = AuditEntry.objects.order_by("pk")
    assert (wrong.verb, wrong.merchant, wrong.user, wrong.target) == (
        "sign-in failed",
        merchant,
        None,
        "bo…",
    )
    assert (wrong.actor, wrong.ip, wrong.data) == ("stranger", "203.0.113.1", {})
    assert (right.verb, right.merchant, right.user, right.target) == (
        "signed in",
        merchant,
        boss,
        "boss",
    )


def test_a_password_typed_as_name_is_not_in_the_log(merchant: Merchant) -> None:
    sign_in("correct-horse", "boss")
    entry = AuditEntry.objects.get()
    assert (entry.target, entry.merchant, entry.data) == ("co…", None, {})


def test_each_merchant_of_a_person_reads_of_the_sign_in(merchant: Merchant) -> None:
    boss, other = member(merchant, Role.OWNER, username="boss"), MerchantFactory()
    Staff.objects.create(user=boss, merchant=other, role=Role.OWNER)
    sign_in("boss", PASSWORD)
    assert verbs(merchant) == verbs(other) == ["signed in"]


def test_the_log_shows_the_new_entries_in_words(merchant: Merchant) -> None:
    boss = member(merchant, Role.OWNER, username="boss")
    sign_in("boss", "no")
    page = english(boss).get(reverse("admin:stores_auditentry_changelist")).content.decode()
    assert "Wrong name or password at the sign-in" in page


@pytest.fixture
def newcomer(store: Store) -> User:
    user = member(store.merchant, Role.CLERK, store, username="xiaowang")
    Staff.objects.filter(user=user).update(password_is_given=True)
    return user


@pytest.mark.parametrize(
    "address",
    ["/admin/", "/counter/", "/counter/batches/", "/admin/coupons/verification/", "/admin/search/"],
)
def test_who_was_given_a_password_changes_it_first(newcomer: User, address: str) -> None:
    answer = english(newcomer).get(address)
    assert (answer.status_code, answer["Location"]) == (302, CHANGE)


def test_a_fragment_leads_the_whole_page_to_the_change(newcomer: User) -> None:
    answer = english(newcomer).post("/counter/", {"text": "1"}, headers={"HX-Request": "true"})
    assert (answer.status_code, answer["HX-Redirect"]) == (204, CHANGE)


def test_after_the_change_the_pages_open(newcomer: User) -> None:
    client = english(newcomer)
    assert "Somebody else chose your password" in client.get(CHANGE).content.decode()
    for same in (PASSWORD, PASSWORD.upper(), f"{PASSWORD[:4]}-{PASSWORD[4:]} "):
        assert "This is the old password" in change(client, PASSWORD, same).content.decode()
    assert client.get("/counter/").status_code == 302
    assert change(client, PASSWORD).status_code == 302
    assert client.get("/counter/").status_code == 200
    assert "Somebody else" not in client.get(CHANGE).content.decode()


def test_who_was_given_a_password_may_sign_out(newcomer: User) -> None:
    client = english(newcomer)
    assert client.post("/admin/logout/").status_code in (200, 302)
    assert "_auth_user_id" not in client.session


def test_the_operator_gives_a_password_that_is_changed_too(newcomer: User) -> None:
    Staff.objects.update(password_is_given=False)
    operator = english(UserFactory(is_superuser=True))
    address = reverse("admin:auth_user_do", args=[newcomer.pk, "renew_password"])
    found = re.search(r'id="secret">([^<]+)<', operator.post(address).content.decode())
    newcomer.refresh_from_db()
    assert found
    assert newcomer.check_password(found[1])
    assert Staff.objects.get().password_is_given


def test_the_operators_page_of_a_user_tells_nothing_of_the_hash(newcomer: User) -> None:
    operator = english(UserFactory(is_superuser=True))
    page = operator.get(reverse("admin:auth_user_change", args=[newcomer.pk])).content.decode()
    algorithm, salt, *_ = newcomer.password.split("$")
    assert (salt[:3] in page, f"<bdi>{algorithm}" in page, "salt" in page) == (False, False, False)
    assert reverse("admin:auth_user_do", args=[newcomer.pk, "renew_password"]) in page


def test_an_operators_new_sign_in_gets_a_password_that_is_shown_once() -> None:
    operator = english(UserFactory(is_superuser=True))
    answer = operator.post(reverse("admin:auth_user_add"), {"username": "kefu", "is_active": "on"})
    found = re.search(r'id="secret">([^<]+)<', answer.content.decode())
    assert found
    assert User.objects.get(username="kefu").check_password(found[1])
