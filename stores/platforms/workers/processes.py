"""Child processes that end with their parent, on Linux; elsewhere these functions do nothing."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

# Options of prctl, from linux/prctl.h.
_PARENT_DEATH_SIGNAL = 1
_CHILD_SUBREAPER = 36


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def _die_with_parent() -> None:
    _prctl(_PARENT_DEATH_SIGNAL, signal.SIGTERM)


def start_group(
    command: Sequence[str], env: Mapping[str, str] | None = None
) -> subprocess.Popen[bytes]:
    """Starts a command as the leader of a new session and process group; it gets SIGTERM when we
    die.
    """
    return subprocess.Popen(  # noqa: S603
        command,
        env=env,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        preexec_fn=_die_with_parent,
    )


def kill_group(group: int) -> bool:
    """Kills every process of the group at once; returns False when there was none left."""
    try:
        os.killpg(group, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def end_group(child: subprocess.Popen[bytes], *, patience: float) -> None:
    """Asks the leader to end, waits `patience` seconds, then kills the rest of its group."""
    if child.poll() is None:
        child.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(patience)
    kill_group(child.pid)
    child.wait()


def adopt_orphans() -> None:
    """Makes a grandchild whose parent dies our child from now on, so that it can be found and
    ended.
    """
    _prctl(_CHILD_SUBREAPER, 1)


def children() -> list[int]:
    """Returns our direct children, adopted ones included; empty where there is no /proc."""
    with contextlib.suppress(OSError):
        return [
            int(pid) for pid in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
        ]
    return []


def reap_orphans(*, except_for: int) -> None:
    """Takes the exit codes of adopted children that have ended, except that of `except_for`."""
    for pid in children():
        if pid != except_for:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)


def end_children(*, patience: float) -> None:
    """Ends all our children, adopted ones included:

    SIGTERM first, SIGKILL after `patience` seconds.
    """
    _signal_all(children(), signal.SIGTERM)
    until = time.monotonic() + patience
    while _reap() and time.monotonic() < until:
        time.sleep(0.05)
    while _reap():
        _signal_all(children(), signal.SIGKILL)
        time.sleep(0.05)


def _signal_all(pids: Iterable[int], number: int) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def _reap() -> bool:
    """Takes the exit codes of ended children; returns whether any child is left."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
        return True
    return False
