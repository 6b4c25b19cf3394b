import json
from io import StringIO
from itertools import pairwise

import pytest
from cryptography.fernet import Fernet
from django.core.management import call_command
from django.db import connection as database
from pytest_django.fixtures import Settings

from coupons.models import Lookup, Verification
from stores.models import AuditEntry, Connection, InboundEvent, OutboundAttempt, OutboundCall
from stores.platforms import rotation
from stores.platforms.rotation import encrypted_fields, rotate_all
from tests.coupons.factories import VerificationFactory
from tests.stores.factories import ConnectionFactory

pytestmark = pytest.mark.django_db
OLD, NEW, LOST = (Fernet.generate_key().decode() for _ in range(3))


@pytest.fixture
def rows(settings: Settings) -> tuple[Connection, Verification]:
    settings.CREDENTIAL_KEYS = [OLD]
    connection = ConnectionFactory(token="a-token")
    return connection, VerificationFactory(code="123456789012", status="queued")


def rotate() -> tuple[dict[str, object], int]:
    out, code = StringIO(), 0
    try:
        call_command("rotate_credentials", "--json", stdout=out, stderr=StringIO())
    except SystemExit as ended:
        code = int(str(ended.code))
    return json.loads(out.getvalue()), code


def stored(model: type[Connection], name: str) -> list[str]:
    with database.cursor() as cursor:
        cursor.execute(f"SELECT {name} FROM {model._meta.db_table} ORDER BY id")
        return [row[0] for row in cursor.fetchall()]


def test_every_encrypted_field_is_found() -> None:
    found = {(model, name) for model, name in encrypted_fields()}
    assert {
        (Connection, "credentials"),
        (Connection, "token"),
        (Verification, "code"),
        (Lookup, "code"),
        (InboundEvent, "body"),
        (InboundEvent, "answer"),
        (InboundEvent, "earlier"),
        (OutboundCall, "payload"),
        (OutboundAttempt, "sent"),
    } <= found


def test_every_secret_is_encrypted_under_the_first_key(
    settings: Settings, rows: tuple[Connection, Verification]
) -> None:
    connection, verification = rows
    settings.CREDENTIAL_KEYS = [NEW, OLD]
    told, code = rotate()
    assert (told["rotated"], told["current"], told["unreadable"], code) == (3, 0, [], 0)
    settings.CREDENTIAL_KEYS = [NEW]
    fresh = Connection.objects.get(pk=connection.pk)
    assert (fresh.token, fresh.credentials) == ("a-token", connection.credentials)
    assert Verification.objects.get(pk=verification.pk).code == "123456789012"


def test_a_second_rotation_has_nothing_to_do(settings: Settings, rows: object) -> None:
    settings.CREDENTIAL_KEYS = [NEW, OLD]
    rotate()
    before = stored(Connection, "token")
    told, code = rotate()
    assert (told["rotated"], told["current"], code) == (0, 3, 0)
    assert stored(Connection, "token") == before


def test_nothing_is_changed_when_one_value_cannot_be_read(
    settings: Settings, rows: tuple[Connection, Verification]
) -> None:
    settings.CREDENTIAL_KEYS = [LOST]
    lost = ConnectionFactory(token="")
    settings.CREDENTIAL_KEYS = [NEW, OLD]
    before = stored(Connection, "credentials") + stored(Connection, "token")
    told, code = rotate()
    assert (told["unreadable"], told["rotated"], code) == (
        [f"stores.Connection.credentials {lost.pk}"],
        0,
        1,
    )
    assert stored(Connection, "credentials") + stored(Connection, "token") == before


def test_a_value_written_meanwhile_is_kept(
    settings: Settings, rows: tuple[Connection, Verification]
) -> None:
    connection, _ = rows
    settings.CREDENTIAL_KEYS = [NEW, OLD]

    def rival(line: str) -> None:
        if line == "stores.Connection.credentials: done, 1 re-encrypted so far":
            Connection.objects.filter(pk=connection.pk).update(token="newer")

    result = rotate_all(rival)
    assert result.unreadable == []
    assert Connection.objects.get(pk=connection.pk).token == "newer"


def test_long_ledgers_are_rotated_batch_by_batch(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.CREDENTIAL_KEYS = [OLD]
    connection = ConnectionFactory(credentials={}, token="")
    for number in range(7):
        InboundEvent.objects.create(
            platform="x", connection=connection, kind="k", dedup_key=str(number), body={"n": number}
        )
    settings.CREDENTIAL_KEYS = [NEW, OLD]
    monkeypatch.setattr(rotation, "BATCH", 3)
    assert rotate_all(lambda line: None).rotated == 7
    settings.CREDENTIAL_KEYS = [NEW]
    assert [event.body["n"] for event in InboundEvent.objects.order_by("id")] == list(range(7))


def test_people_are_told_what_to_do(settings: Settings, rows: object) -> None:
    settings.CREDENTIAL_KEYS = [NEW, OLD]
    out, err = StringIO(), StringIO()
    call_command("rotate_credentials", stdout=out, stderr=err)
    assert out.getvalue().startswith("3 re-encrypted, 0 already under the first key")
    assert "stores.Connection.token: done" in err.getvalue()
    settings.CREDENTIAL_KEYS = [LOST]
    err = StringIO()
    with pytest.raises(SystemExit):
        call_command("rotate_credentials", stdout=StringIO(), stderr=err)
    assert "Nothing was changed" in err.getvalue()


def told_to_do() -> str:
    out = StringIO()
    call_command("rotate_credentials", "--verbosity=0", stdout=out, stderr=StringIO())
    return out.getvalue().rpartition("Next: ")[2]


def test_the_command_names_the_next_step_in_an_order_in_which_every_machine_can_read(
    settings: Settings, rows: object
) -> None:
    assert "Step 1: add the new key last" in told_to_do()
    settings.CREDENTIAL_KEYS = [OLD, NEW]
    assert "Step 2: move the new key first" in told_to_do()
    settings.CREDENTIAL_KEYS = [NEW, OLD]
    assert told_to_do().startswith("Step 4: take the old key out")
    assert told_to_do().startswith("Step 4: take the old key out")
    entry = AuditEntry.objects.get(verb="credentials rotated")
    assert NEW not in str(entry.data)
    settings.CREDENTIAL_KEYS = [NEW]
    assert "Step 1" in told_to_do()


def test_in_each_step_a_machine_that_is_a_step_behind_reads_what_the_others_write(
    settings: Settings, rows: tuple[Connection, Verification]
) -> None:
    """The keys of a machine before and after each restart, and what it reads of the other's."""
    connection, _ = rows
    steps = [[OLD], [OLD, NEW], [NEW, OLD], [NEW]]
    for before, after in pairwise(steps):
        if after == [NEW]:
            settings.CREDENTIAL_KEYS = before
            assert rotate()[1] == 0
        for writes, reads in ((before, after), (after, before)):
            settings.CREDENTIAL_KEYS = writes
            Connection.objects.filter(pk=connection.pk).update(token=f"from {writes}")
            settings.CREDENTIAL_KEYS = reads
            assert Connection.objects.get(pk=connection.pk).token == f"from {writes}"
