"""Runs part of the suite through pgbouncer in transaction mode: `python -m tests.pooler`.

PostgreSQL is the one of DATABASE_URL. More arguments go to pytest; paths replace the set below.
"""

import getpass
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote, urlsplit

import psycopg
from psycopg import sql

ROOT = Path(__file__).resolve().parent.parent
USUAL = "postgres://postgres@127.0.0.1:5432/postgres"
# What differs behind a pool of transactions: connections, locks, statements written by hand,
# the queue's own transactions, and results that are read piece by piece.
TESTS = (
    "tests/stores/test_pooled.py",
    "tests/stores/test_prepared.py",
    "tests/stores/test_prepared_writes.py",
    "tests/stores/test_idempotency.py",
    "tests/stores/test_spreadsheets.py",
    "tests/stores/test_secrets_rotation.py",
    "tests/stores/platforms/test_tokens.py",
    "tests/coupons/test_processing.py",
    "tests/trip/test_twins.py",
    "tests/trip/test_orders.py",
)
CONFIG = """\
[databases]
* = {target}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 8
max_client_conn = 200
logfile = {folder}/log
pidfile = {folder}/pid
{user}"""


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def config(url: str, folder: Path, port: int) -> str:
    """Returns pgbouncer.ini; started by root it changes to a user who may do nothing else."""
    parts = urlsplit(url)
    target = f"host={parts.hostname or '127.0.0.1'} port={parts.port or 5432}"
    target += f" user={unquote(parts.username or 'postgres')}"
    if parts.password:
        target += f" password={unquote(parts.password)}"
    user = "user = nobody\n" if getpass.getuser() == "root" else ""
    return CONFIG.format(target=target, folder=folder, port=port, user=user)


@contextmanager
def pgbouncer(url: str) -> Iterator[str]:
    """Runs a pgbouncer before the PostgreSQL of `url`; yields the address to use instead."""
    program = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")
    if not program:
        sys.exit("pgbouncer is missing. On Debian and Ubuntu: apt-get install pgbouncer")
    port = free_port()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "ini").write_text(config(url, folder, port))
        folder.chmod(0o777)
        process = subprocess.Popen([program, "-q", str(folder / "ini")])
        try:
            address = f"postgres://postgres@127.0.0.1:{port}{urlsplit(url).path}"
            _wait_for(address)
            yield address
        finally:
            process.terminate()
            process.wait(10)


def _wait_for(address: str) -> None:
    until = time.monotonic() + 10
    while True:
        try:
            psycopg.connect(address, connect_timeout=2).close()
        except psycopg.OperationalError as error:
            if time.monotonic() > until:
                sys.exit(f"pgbouncer does not answer: {error}")
            time.sleep(0.1)
        else:
            return


def main(arguments: list[str]) -> int:
    url = os.environ.get("DATABASE_URL") or USUAL
    database = f"{os.environ.get('TEST_DATABASE_NAME') or 'test_zhanggui'}_pooled"
    chosen = [] if any(Path(each.split("::")[0]).exists() for each in arguments) else TESTS
    with pgbouncer(url) as address:
        env = os.environ | {
            "DATABASE_URL": address,
            "DATABASE_PREPARE": "0",
            "TEST_DATABASE_NAME": database,
        }
        # The pool keeps connections to the database, which therefore is removed afterwards.
        command = [sys.executable, "-m", "pytest", "-n0", "-q", "--reuse-db"]
        ended = subprocess.run([*command, *chosen, *arguments], cwd=ROOT, env=env, check=False)
    with psycopg.connect(url, autocommit=True) as direct:
        direct.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(database)))
    return ended.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
