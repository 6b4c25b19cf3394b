"""Runs schemathesis against the API of a running demo: the schema says what the API does."""

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "positive_data_acceptance",
    "unsupported_method",
    "ignored_auth",
)

# 422: read and understood, but it is no code, or the rows do not allow it.
CONFIG = """
[checks.positive_data_acceptance]
expected-statuses = ["2xx", "3xx", "401", "403", "404", "409", "422", "429", "5xx"]

# Cursors are made by us alone; hostile ones are tried in tests/contract/test_api_routes.py.
[parameters]
"query.cursor" = ""
"path.order_id" = {order_id}
"""


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def environment(folder: Path) -> dict[str, str]:
    """A demo of its own, whose keys may ask as often as they like."""
    left_out = ("DATABASE_URL", "ENV_FILE", "DJANGO_SETTINGS_MODULE")
    ours = {name: value for name, value in os.environ.items() if name not in left_out}
    return ours | {
        "VAR_DIR": str(folder),
        "PORT": str(free_port()),
        "SANDBOX_PORT": str(free_port()),
        "API_REQUESTS_PER_MINUTE": "0",
    }


@contextmanager
def running_demo(env: dict[str, str], log: Path) -> Iterator[str]:
    """Yields the address of a demo that answers; ends it afterwards."""
    url = f"http://127.0.0.1:{env['PORT']}"
    with log.open("wb") as output:
        demo = subprocess.Popen(
            [sys.executable, "manage.py", "demo"], cwd=ROOT, env=env, stdout=output, stderr=output
        )
        try:
            until = time.monotonic() + 150
            while not _is_ready(url):
                if demo.poll() is not None or time.monotonic() > until:
                    raise SystemExit(f"The demo does not answer:\n{log.read_text()[-3000:]}")
                time.sleep(0.5)
            yield url
        finally:
            demo.terminate()
            demo.wait(30)


def _is_ready(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/readyz", timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def api_key(env: dict[str, str]) -> str:
    command = [sys.executable, "manage.py", "demo", "--info"]
    told = subprocess.run(command, cwd=ROOT, env=env, check=True, capture_output=True, text=True)
    return str(json.loads(told.stdout)["api_key"])


def an_order(url: str, key: str) -> int:
    asked = urllib.request.Request(
        f"{url}/api/v1/trip/orders/?status=issued", headers={"Authorization": f"Bearer {key}"}
    )
    with urllib.request.urlopen(asked, timeout=10) as answer:
        return int(json.load(answer)["results"][0]["order_id"])


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.schema_run", description=__doc__)
    parser.add_argument("--seconds", type=int, default=40, help="for the tries (default: 40)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--program", default=str(Path(sys.executable).with_name("schemathesis")))
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        env = environment(folder / "var")
        with running_demo(env, folder / "demo.log") as url:
            key = api_key(env)
            config = folder / "schemathesis.toml"
            config.write_text(CONFIG.format(order_id=an_order(url, key)))
            tries = subprocess.run(
                [
                    given.program,
                    f"--config-file={config}",
                    "run",
                    f"{url}/api/schema/",
                    f"--header=Authorization: Bearer {key}",
                    f"--checks={','.join(CHECKS)}",
                    "--phases=examples,coverage,fuzzing",
                    f"--max-time={given.seconds}",
                    f"--seed={given.seed}",
                ],
                cwd=folder,
                timeout=given.seconds + 60,
            )
    return tries.returncode


if __name__ == "__main__":
    sys.exit(main())
