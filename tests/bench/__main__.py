"""Measures ratios against real processes: sandbox, worker clusters, gunicorn, and a database of its
own.
"""

import argparse
import importlib
import os
import platform
import sys
import time
from pathlib import Path

from tests.bench import database, gateway, machine
from tests.bench.context import Bench
from tests.bench.processes import Broken, Fleet, fleet
from tests.bench.report import Report

# Imported late: they need Django set up.
SECTIONS = {
    "pace": "tests.bench.pace",
    "queue": "tests.bench.behind",
    "api": "tests.bench.api",
    "size": "tests.bench.size",
    "trip": "tests.bench.trip",
    "trip_size": "tests.bench.trip_size",
    "takeaway": "tests.bench.takeaway",
    "chat_size": "tests.bench.chat_size",
    "delivery": "tests.bench.delivery",
    "delivery_size": "tests.bench.delivery_size",
}


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument(
        "--database",
        default=database.POSTGRES,
        help='"sqlite", or the URL of a PostgreSQL database next to which another is made '
        "(default: %(default)s)",
    )
    parser.add_argument(
        "--only", default="", help=f"sections, comma-separated: {','.join(SECTIONS)}"
    )
    parser.add_argument("--quick", action="store_true", help="smaller runs, less certain figures")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there as well")
    given = parser.parse_args()
    given.sections = [name for name in given.only.split(",") if name] or list(SECTIONS)
    if unknown := set(given.sections) - set(SECTIONS):
        parser.error(f"no section {', '.join(sorted(unknown))}; there are {', '.join(SECTIONS)}")
    return given


def measure(processes: Fleet, given: argparse.Namespace, report: Report) -> None:
    database.prepare()
    report.about |= {
        "machine": f"{os.cpu_count()} cores, load before {machine.load_of_others()}",
        "software": f"Python {platform.python_version()}, {database.server_version()}",
        "run": ("quick, " if given.quick else "") + time.strftime("%Y-%m-%d %H:%M"),
    }
    bench = Bench(processes, gateway.start(processes), report, given.quick)
    for name in given.sections:
        print(f"{name} …", flush=True)
        importlib.import_module(SECTIONS[name]).run(bench)


def main() -> int:
    given, report = arguments(), Report()
    try:
        with fleet() as processes, database.environment(given.database, processes.folder):
            try:
                measure(processes, given, report)
            finally:
                processes.stop_all()
    except Broken as broken:
        print(f"broken: {broken}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return 130
    finally:
        if report.figures:
            print(f"\n{report.table()}")
        if given.json:
            report.write_json(given.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
