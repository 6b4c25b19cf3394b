"""Web servers as in production: gunicorn with the project's own configuration where there is
one.
"""

import subprocess
from dataclasses import dataclass

from tests.bench.processes import ROOT, Broken, Fleet, Running, free_port, wait_for

OWN_ARGUMENTS = (
    "--worker-class",
    "gthread",
    "--workers",
    "2",
    "--threads",
    "8",
    "--keep-alive",
    "30",
)


@dataclass(frozen=True)
class Web:
    address: tuple[str, int]
    running: Running

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.address[1]}"


def start(fleet: Fleet, name: str, **environment: str) -> Web:
    """Gunicorn on a free port; `environment` may name other settings or another database."""
    port = free_port()
    configured = (ROOT / "gunicorn.conf.py").exists()
    running = fleet.python(
        name,
        *("-m", "gunicorn", "config.wsgi:application"),
        *("--bind", f"127.0.0.1:{port}"),
        *(() if configured else OWN_ARGUMENTS),
        **{"DATABASE_POOL": "1"} | environment,
    )
    web = Web(("127.0.0.1", port), running)
    wait_for(f"{web.url}/healthz", running)
    return web


def start_bare(fleet: Fleet, key_digest: str) -> Web:
    """The bare view, with its table in the same database."""
    environment = {
        "DJANGO_SETTINGS_MODULE": "tests.bench.bare.settings",
        "BARE_KEY_DIGEST": key_digest,
    }
    command = fleet.python(
        "bare-tables", "manage.py", "migrate", "--run-syncdb", "--verbosity=0", **environment
    )
    try:
        command.process.wait(60)
    except subprocess.TimeoutExpired:
        raise Broken("the bare view's table could not be made") from None
    if command.process.returncode:
        command.check()
    fleet.running.remove(command)
    return start(fleet, "bare", **environment)
