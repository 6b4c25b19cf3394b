"""The sandbox as its own process, told what to do through its control API."""

import json
import urllib.parse
import urllib.request
from dataclasses import dataclass
from typing import Any

from tests.bench.processes import Fleet, Running, free_port, wait_for

CALLS = ("detail", "verify")


@dataclass(frozen=True)
class Arrival:
    """A request that reached the gateway; `at` is time.monotonic()."""

    at: float
    operation: str
    account: str
    code_tail: str
    outcome: str


@dataclass(frozen=True)
class Sandbox:
    url: str
    running: Running

    @property
    def umember(self) -> str:
        return f"{self.url}/umember"

    @property
    def session(self) -> int:
        return self.running.process.pid

    def control(self, path: str, body: Any = None, *, method: str = "") -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            f"{self.url}/_control/{path}",
            data,
            method=method or ("GET" if data is None else "POST"),
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def seed(self, accounts: list[dict[str, Any]]) -> None:
        self.control("umember/seed", {"accounts": accounts})

    def arrivals(self, account: str = "") -> list[Arrival]:
        """The calls for coupons, logins and lists left out."""
        query = urllib.parse.urlencode({"account": account} if account else {})
        rows = self.control(f"arrivals?{query}")["arrivals"]
        return [
            Arrival(row["at"], row["operation"], row["account"], row["code_tail"], row["outcome"])
            for row in rows
            if row["operation"] in CALLS
        ]

    def clear(self, jitter: float = 0.0) -> None:
        """No arrivals and no faults but this jitter: seconds either way around a delay as long."""
        self.control("arrivals", method="DELETE")
        self.control("faults", method="DELETE")
        if jitter:
            self.control("faults", {"kind": "jitter", "jitter": jitter, "times": None})

    def coupons(self) -> list[dict[str, Any]]:
        """Every coupon with how often a verify reached it and how often one consumed it."""
        accounts = self.control("state")["umember"]["accounts"]
        return [
            code for account in accounts for store in account["stores"] for code in store["codes"]
        ]


def start(fleet: Fleet) -> Sandbox:
    port = free_port()
    running = fleet.python("sandbox", "manage.py", "sandbox", "--port", str(port))
    wait_for(f"http://127.0.0.1:{port}/_control/", running)
    return Sandbox(f"http://127.0.0.1:{port}", running)


def most_in_any_second(times: list[float]) -> int:
    """The most arrivals in any window of one second, the window's end excluded."""
    most = first = 0
    for last, at in enumerate(times):
        while at - times[first] >= 1.0:
            first += 1
        most = max(most, last - first + 1)
    return most
