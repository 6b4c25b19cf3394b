"""Reading over the API needs no write: it goes on while another process holds the database."""

import time

import pytest
from django.db import connection

from stores.models import ApiKey, RateWindow
from stores.web import limits
from tests.contract.test_api_routes import ROUTES, Scene, scene
from tests.locking import locked_database

__all__ = ["scene"]
READS = [route for route in ROUTES if route.method == "GET"]
# What is written beside a reading.
WRITTEN = (RateWindow, ApiKey)


@pytest.mark.django_db(transaction=True)
def test_every_read_is_answered_while_the_database_is_held_for_writing(scene: Scene) -> None:
    api = scene.actors["full"]
    for model in WRITTEN:
        limits._prepaid.clear()
        ApiKey.objects.update(last_used_at=None)
        with locked_database(model._meta.db_table, mode="SHARE"):
            if connection.vendor != "sqlite":
                with connection.cursor() as cursor:
                    cursor.execute("SET lock_timeout = '200ms'")
            began = time.monotonic()
            statuses = {str(route): api.get(scene.path(route)).status_code for route in READS}
        assert statuses == dict.fromkeys(statuses, 200)
        # Each would wait five seconds for the lock.
        assert time.monotonic() - began < 2.5 * len(READS)
    connection.close()


@pytest.mark.django_db(transaction=True)
def test_a_busy_database_shortens_no_later_wait(scene: Scene) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("only SQLite has the setting")
    with limits.if_not_busy():
        pass
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout")
        assert cursor.fetchone() == (connection.settings_dict["OPTIONS"]["timeout"] * 1000,)
