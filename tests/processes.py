"""Real processes of the product on the database of the running test."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from django.db import connection

Found = TypeVar("Found")
ROOT = Path(__file__).resolve().parent.parent
_OURS = (
    "DEBUG",
    "ENV_FILE",
    "LOG_LEVEL",
    "DATABASE_URL",
    "TEST_DATABASE_NAME",
    "DJANGO_SETTINGS_MODULE",
)


def database_url() -> str:
    """The test's own database, as another process would be told of it."""
    config = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{config['NAME']}"
    password = f":{config['PASSWORD']}" if config["PASSWORD"] else ""
    place = f"{config['HOST'] or 'localhost'}:{config['PORT'] or 5432}"
    return f"postgres://{config['USER']}{password}@{place}/{config['NAME']}"


def clean_environment(**values: str) -> dict[str, str]:
    """This process's environment without what the test suite sets for itself."""
    return {name: value for name, value in os.environ.items() if name not in _OURS} | values


def environment(**values: str) -> dict[str, str]:
    """For `manage.py` on the test's database."""
    return clean_environment(DEBUG="1", ENV_FILE=os.devnull, DATABASE_URL=database_url()) | values


@contextmanager
def manage(
    *args: str, log: Path, env: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Runs `manage.py …` in a session of its own; whatever is left of it in the end is killed."""
    command = [sys.executable, str(ROOT / "manage.py"), *args]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            env=env or environment(),
            stdout=output,
            stderr=output,
            cwd=ROOT,
            start_new_session=True,
        )
        try:
            yield process
        finally:
            ended = descendants(process.pid)
            for pid in [process.pid, *ended]:
                kill(pid)
            process.wait()


def kill(pid: int, number: int = signal.SIGKILL) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def descendants(pid: int) -> list[int]:
    """Children, their children and so on, oldest first."""
    parents: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        parents.setdefault(int(fields[1]), []).append(int(stat.parent.name))
    found, queue = [], [pid]
    while queue:
        below = sorted(parents.get(queue.pop(0), []))
        found += below
        queue += below
    return found


def is_running(pid: int) -> bool:
    """Whether the process exists and is more than an exit code that nobody has fetched."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def command_line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


def wait_until(
    holds: Callable[[], Found | None],
    *,
    seconds: float = 30.0,
    about: Callable[[], str] = lambda: "",
) -> Found:
    """Polls until it holds, and returns what was found; fails after `seconds`, with what `about`
    says.
    """
    until = time.monotonic() + seconds
    while not (found := holds()):
        assert time.monotonic() < until, f"did not come true in {seconds:g} s. {about()}"
        time.sleep(0.05)
    return found
