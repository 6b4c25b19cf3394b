"""What is refused or said before any page is asked: files, long forms, names of hosts, headers."""

import io
import json
import logging
import stat
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django.fixtures import Settings

from config.env import private_folder
from stores.admin.ledgers import masked_json
from stores.models import Store
from stores.web.logs import NoSecretAddresses, NoTraceOfRefusals
from stores.web.uploads import MOST_OF_A_FORM
from tests.api import Api, problem
from tests.meituan import selling
from tests.pages import english

pytestmark = pytest.mark.django_db


class Unreadable(io.BytesIO):
    def read(self, *size: Any) -> bytes:
        raise AssertionError("the body was read")


@pytest.mark.parametrize("path", ["/counter/", "/admin/login/", "/i18n/setlang/", "/g/nobody/"])
@pytest.mark.parametrize("is_checked", [False, True])
def test_a_file_is_refused_and_nothing_of_it_is_kept(
    owner: User, store: Store, path: str, is_checked: bool, tmp_path: Path, settings: Settings
) -> None:
    settings.FILE_UPLOAD_TEMP_DIR = str(tmp_path)
    client = Client(enforce_csrf_checks=is_checked)
    client.force_login(owner)
    file = SimpleUploadedFile("big.bin", b"x" * 300_000)
    sent = {"text": "1", "username": "a", "password": "b", "document": file}
    status = client.post(path, sent).status_code
    assert 400 <= status < 500, status
    assert list(tmp_path.iterdir()) == []


def test_a_form_with_a_file_is_a_bad_request_and_no_other_field_counts(store: Store) -> None:
    file = SimpleUploadedFile("a.txt", b"x")
    answer = english().post("/admin/login/", {"username": "a", "password": "b", "file": file})
    assert answer.status_code == 400


@pytest.mark.parametrize("path", ["/counter/", "/counter/batches/", "/admin/login/", "/g/nobody/"])
def test_a_million_words_are_refused_unread(owner: User, store: Store, path: str) -> None:
    length: dict[str, Any] = {"CONTENT_LENGTH": str(5_000_000), "wsgi.input": Unreadable()}
    kind = "application/x-www-form-urlencoded"
    answer = english(owner).post(path, b"", content_type=kind, **length)
    assert answer.status_code == 413
    assert "The body is too large" in answer.content.decode()


def test_a_list_of_codes_may_be_longer_than_other_forms(owner: User, store: Store) -> None:
    text = "1" * (MOST_OF_A_FORM + 1)
    client = english(owner)
    assert client.post("/counter/", {"text": text}).status_code == 413
    assert client.post("/counter/batches/", {"codes": text}).status_code == 422


@pytest.mark.parametrize(
    "path", ["/", "/admin/login/", "/healthz", "/api/v1/stores/", "/nothing/", "/api/nothing/"]
)
def test_every_answer_says_what_a_page_may_use(path: str) -> None:
    answer = Client().get(path)
    assert answer["Permissions-Policy"].startswith("camera=(self), geolocation=()")


def test_answers_of_the_api_are_not_kept(api: Api) -> None:
    for path in ("stores/", "nothing/"):
        assert api.get(path)["Cache-Control"] == "no-store"
    assert Api("").get("stores/")["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
@pytest.mark.parametrize("host", ["10.0.0.7", "10.0.0.7:8000", "[fe80::1]", "anything.example"])
def test_health_is_told_under_any_name(settings: Settings, path: str, host: str) -> None:
    settings.ALLOWED_HOSTS, settings.SECURE_SSL_REDIRECT = ["shop.example.com"], True
    assert Client().get(path, HTTP_HOST=host).status_code in (200, 503)


@pytest.mark.parametrize(
    "path", ["/", "/admin/login/", "/healthz/", "/healthz/x", "/api/v1/stores/"]
)
def test_nothing_else_is_told_under_another_name(settings: Settings, path: str) -> None:
    settings.ALLOWED_HOSTS = ["shop.example.com"]
    assert Client().get(path, HTTP_HOST="10.0.0.7").status_code == 400


def test_a_wrong_host_is_a_problem_to_programs(settings: Settings, api: Api) -> None:
    settings.ALLOWED_HOSTS = ["shop.example.com"]
    assert problem(api.get("stores/", Host="evil.example")) == (400, "invalid")


def test_meituan_is_told_in_its_own_form_that_the_host_is_wrong(settings: Settings) -> None:
    settings.ALLOWED_HOSTS = ["shop.example.com"]
    meituan, _product = selling()
    for path in (meituan.path("order/create"), "/trip/1/nothing", "/trip/999999/order/pay"):
        answer = Client().post(path, b"{}", "application/json", headers={"Host": "evil.example"})
        envelope = json.loads(answer.content)
        assert (answer.status_code, set(envelope)) == (200, {"code", "describe", "partnerId"})
        assert envelope["code"] != 200


def test_a_refusal_stands_in_the_log_in_one_line() -> None:
    def logged(**extra: Any) -> bool:
        try:
            raise PermissionError
        except PermissionError as error:
            made = (type(error), error, error.__traceback__)
        record = logging.LogRecord("django.request", 30, "", 1, "said", None, made)
        record.__dict__ |= extra
        return NoTraceOfRefusals().filter(record) and bool(record.exc_info)

    refused = [logged(status_code=status) for status in (400, 403, 404)]
    assert (refused, logged(status_code=500), logged()) == ([False] * 3, True, True)


def test_the_log_leaves_out_traces_of_refusals(settings: Settings) -> None:
    assert settings.LOGGING["handlers"]["console"]["filters"] == ["no_trace", "no_secrets"]


def test_the_log_names_no_address_that_opens_a_page(caplog: pytest.LogCaptureFixture) -> None:
    caplog.handler.addFilter(NoSecretAddresses())
    slug = "tTrSuYDT8IWPFf62HlUWXQ"
    assert Client().put(f"/d/{slug}/").status_code == 405
    assert Client().get("/g/nobody/").status_code == 404
    for copied in (f"/d/{slug}。", f"/d/{slug}.", f"/d/{slug}/?from=sms", f"/x/d/{slug}"):
        assert Client().get(copied, follow=True).status_code == 404
    assert Client().get(f"/takeaway/pictures/{slug}.jpg").status_code == 404
    assert slug not in caplog.text
    assert "/d/…/" in caplog.text
    assert "/d/…./" in caplog.text
    assert "/takeaway/pictures/….jpg" in caplog.text
    assert "/g/nobody/" in caplog.text


def test_a_stored_body_keeps_the_direction_of_its_page() -> None:
    assert masked_json({"said": "a\u202eb\u2066"}) == '{\n  "said": "ab"\n}'


def test_a_folder_of_ours_is_for_us_alone(tmp_path: Path) -> None:
    made = private_folder(tmp_path / "var")
    assert stat.S_IMODE(made.stat().st_mode) == 0o700
    made.chmod(0o750)
    assert stat.S_IMODE(private_folder(made).stat().st_mode) == 0o750
