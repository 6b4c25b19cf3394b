"""Web, worker, sandbox and the domains' own processes under one supervisor that restarts them; no
process is left when it ends.
"""

import os
import shlex
import signal
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path

from django.conf import settings

from stores.demo.environment import DemoError, Places, Ports, write_private
from stores.domains import merged
from stores.platforms.workers.processes import (
    adopt_orphans,
    end_children,
    end_group,
    reap_orphans,
    start_group,
)

# The supervisor gives each program this long (seconds) to end before it is killed.
STOP_PATIENCE = 20
START_PATIENCE = 90.0

_HEAD = """\
[supervisord]
nodaemon=true
silent=true
logfile={logfile}
logfile_maxbytes=1MB
logfile_backups=1
pidfile={pidfile}
"""
_PROGRAM = """
[program:{name}]
command={command}
directory={directory}
autorestart=true
startsecs=1
startretries=100000
stopwaitsecs={patience}
stopasgroup=false
killasgroup=true
redirect_stderr=true
stdout_logfile={logfile}
stdout_logfile_maxbytes=5MB
stdout_logfile_backups=1
"""


def programs(place: Places, found: Ports) -> dict[str, list[str]]:
    python, manage = sys.executable, str(settings.BASE_DIR / "manage.py")
    return {
        "sandbox": [
            python,
            manage,
            "sandbox",
            "--port",
            str(found.sandbox),
            "--state",
            str(place.sandbox_state),
        ],
        "web": [
            python,
            "-m",
            "gunicorn",
            "-c",
            str(settings.BASE_DIR / "gunicorn.conf.py"),
            "config.wsgi",
        ],
        "worker": [python, manage, "worker"],
        **{name: [python, manage, *words] for name, words in merged("programs").items()},
    }


def write_config(place: Places, found: Ports) -> None:
    text = _HEAD.format(
        logfile=_plain(place.log("supervisor")), pidfile=_plain(place.folder / "supervisord.pid")
    )
    for name, command in programs(place, found).items():
        text += _PROGRAM.format(
            name=name,
            command=" ".join(_plain(shlex.quote(word)) for word in command),
            directory=_plain(settings.BASE_DIR),
            patience=STOP_PATIENCE,
            logfile=_plain(place.log(name)),
        )
    write_private(place.supervisor, text)


def _plain(value: object) -> str:
    """Escapes percent signs, which begin placeholders in supervisor's files."""
    return str(value).replace("%", "%%")


def run(
    place: Places, found: Ports, *, variables: Mapping[str, str], ready: Callable[[], None]
) -> None:
    """Runs until SIGINT or SIGTERM; calls `ready` when the web answers. Leaves no process behind.

    `variables` are added to the environment of its processes, where a person has not set them.

    Raises DemoError when the web never answers or when the supervisor dies.
    """
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: stop.set())
    write_config(place, found)
    adopt_orphans()
    command = [sys.executable, "-m", "supervisor.supervisord", "-n", "-c", str(place.supervisor)]
    supervisor = start_group(command, {**variables, **os.environ})
    try:
        answered = False
        until = time.monotonic() + START_PATIENCE
        while not stop.wait(0.2):
            reap_orphans(except_for=supervisor.pid)
            if supervisor.poll() is not None:
                raise DemoError(f"The supervisor has ended. {_last_words(place.log('supervisor'))}")
            if not answered and _answers(f"{found.web_url}/healthz"):
                answered = True
                ready()
            if not answered and time.monotonic() > until:
                raise DemoError(
                    f"The web did not answer in {START_PATIENCE:g} s. "
                    f"{_last_words(place.log('web'))}"
                )
    finally:
        end_group(supervisor, patience=STOP_PATIENCE + 10)
        end_children(patience=3.0)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _last_words(log: Path) -> str:
    """Returns the end of a log, for a person who looks for the cause."""
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()[-15:]
    except OSError:
        lines = []
    return f"The end of {log}:{os.linesep}" + os.linesep.join(lines)
