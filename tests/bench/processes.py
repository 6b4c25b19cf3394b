"""Real processes: started in sessions of their own, ended by process group whatever happens."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 60.0
STOP_SECONDS = 5.0


class Broken(Exception):
    """Something that the benchmark needs did not work; the message says what."""


@dataclass
class Running:
    name: str
    process: subprocess.Popen[bytes]
    log: Path

    def check(self) -> None:
        """Raises Broken with the end of its log when the process has ended by itself."""
        if self.process.poll() is not None:
            end = self.log.read_text(errors="replace")[-2000:]
            raise Broken(f"{self.name} ended with {self.process.returncode}:\n{end}")


@dataclass
class Fleet:
    """All processes of one run, and the folder for their logs and files."""

    folder: Path
    running: list[Running] = field(default_factory=list)

    def start(self, name: str, *command: str, **environment: str) -> Running:
        log = self.folder / f"{name}.log"
        with log.open("ab") as output:
            process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=os.environ | environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        one = Running(name, process, log)
        self.running.append(one)
        return one

    def python(self, name: str, *arguments: str, **environment: str) -> Running:
        return self.start(name, sys.executable, *arguments, **environment)

    def stop(self, *which: Running) -> None:
        """Asks politely, all at once, then kills what is left of each process group."""
        for one in which:
            _signal(one, signal.SIGTERM)
        until = time.monotonic() + STOP_SECONDS
        for one in which:
            with contextlib.suppress(subprocess.TimeoutExpired):
                one.process.wait(max(0.1, until - time.monotonic()))
        for one in which:
            _signal(one, signal.SIGKILL)
            one.process.wait()
            self.running.remove(one)

    def stop_all(self) -> None:
        self.stop(*self.running)


def _signal(one: Running, number: signal.Signals) -> None:
    # The group outlives its leader when a cluster is killed and its workers live on.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(one.process.pid, number)


@contextlib.contextmanager
def fleet() -> Iterator[Fleet]:
    """Processes and files that are gone afterwards, also after Ctrl-C or SIGTERM."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.default_int_handler)
    with tempfile.TemporaryDirectory(prefix="zg_bench_") as folder:
        processes = Fleet(Path(folder))
        try:
            yield processes
        finally:
            before = signal.signal(signal.SIGINT, signal.SIG_IGN)
            processes.stop_all()
            signal.signal(signal.SIGINT, before)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(url: str, one: Running, headers: Mapping[str, str] | None = None) -> None:
    """Until the server answers at all; any HTTP status will do."""
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        one.check()
        try:
            urllib.request.urlopen(
                urllib.request.Request(url, headers=dict(headers or {})), timeout=10
            ).close()
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise Broken(f"{one.name} does not answer at {url}")
