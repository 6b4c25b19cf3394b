"""Python code in real processes of their own, on the database of the running test."""

import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager

from tests.processes import ROOT, environment

_BEGIN = """
import django
django.setup()
import os, signal, sys, time
from django.conf import settings
"""


def start(code: str, **env: str) -> "subprocess.Popen[str]":
    """Runs `code` with Django set up; LOG_LEVEL stays quiet, so stdout is the code's own."""
    values = {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "LOG_LEVEL": "CRITICAL",
        "UMEMBER_PACE_SECONDS": "0.01",
    }
    return subprocess.Popen(
        [sys.executable, "-c", _BEGIN + textwrap.dedent(code)],
        env=environment(**(values | env)),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@contextmanager
def running(*codes: str, **env: str) -> "Iterator[list[subprocess.Popen[str]]]":
    """Starts one process per code; what is left of them in the end is killed."""
    children = [start(code, **env) for code in codes]
    try:
        yield children
    finally:
        for child in children:
            child.kill()
            child.communicate()


def outputs(*codes: str, **env: str) -> list[str]:
    """Runs the codes at once, to their end; returns what each has printed.

    Fails when one of them failed.
    """
    with running(*codes, **env) as children:
        said = [child.communicate(timeout=60) for child in children]
    assert [child.returncode for child in children] == [0] * len(codes), [
        errors[-2000:] for _, errors in said
    ]
    return [output for output, _ in said]


def killed(code: str, **env: str) -> None:
    """Runs code that kills its own process with SIGKILL."""
    with running(code, **env) as [child]:
        _, errors = child.communicate(timeout=60)
    assert child.returncode == -9, errors[-2000:]
