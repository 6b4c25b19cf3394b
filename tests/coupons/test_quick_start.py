"""The lines of the quick start run as they stand on the page, with a key and a code filled in."""

import html
import json
import re
import subprocess

import pytest
from django.test import Client
from pytest_django.live_server_helper import LiveServer

from coupons.models import Verification
from tests.coupons.factories import Shop
from tests.stores.factories import api_key


def lines_of(server: LiveServer, language: str) -> list[str]:
    host = server.url.removeprefix("http://")
    answer = Client().get("/api/docs/", headers={"Accept-Language": language, "Host": host})
    found = re.findall(r"<pre data-start>(.*?)</pre>", answer.content.decode(), re.DOTALL)
    return [html.unescape(line) for line in found]


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_the_quick_start_runs_as_written(
    shop: Shop, live_server: LiveServer, language: str
) -> None:
    lines = lines_of(live_server, language)
    assert all(live_server.url in line for line in lines if "curl" in line)
    filled = {
        "KEY='zg_…'": f"KEY='{api_key(shop.merchant)[1]}'",
        "CODE='123456789012'": f"CODE='{shop.code()}'",
    }
    assert set(filled) <= set(lines)
    script = "".join(f"{filled.get(line, line)}\necho\n" for line in lines)
    done = subprocess.run(
        ["bash", "-eu", "-o", "pipefail", "-c", script],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    stores, malformed, lookup, verification, listed, orders, takeaway, deliveries = (
        json.loads(line) for line in done.stdout.splitlines() if line
    )
    assert [row["id"] for row in stores["results"]] == [shop.store.pk]
    assert (malformed["status"], malformed["read_as"]) == (422, "mobile")
    assert bool(re.search("[\u4e00-\u9fff]", malformed["detail"])) == (language == "zh-hans")
    assert (lookup["status"], lookup["unused"]) == ("done", True)
    assert verification["status"] == "verified"
    assert [row["id"] for row in listed["results"]] == [verification["id"]]
    assert orders["results"] == takeaway["results"] == deliveries["results"] == []
    assert Verification.objects.get().status == "verified"
