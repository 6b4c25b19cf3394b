"""What every section is given."""

from dataclasses import dataclass

from tests.bench.gateway import Sandbox
from tests.bench.processes import Fleet
from tests.bench.report import Report


@dataclass(frozen=True)
class Bench:
    """`quick` asks for smaller runs: the same figures, less certain."""

    fleet: Fleet
    sandbox: Sandbox
    report: Report
    quick: bool

    def size(self, full: int, quick: int) -> int:
        return quick if self.quick else full
