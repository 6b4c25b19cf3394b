"""The remote platforms' side, for demo, drills, tests and benchmarks: real sockets, standard library only."""

from .arrivals import Arrival, ArrivalLog
from .faults import KINDS, Fault, FaultScript
from .platform import ControlError, Reply, Request, SandboxPlatform, Subject
from .server import SandboxServer

__all__ = [
    "KINDS",
    "Arrival",
    "ArrivalLog",
    "ControlError",
    "Fault",
    "FaultScript",
    "Reply",
    "Request",
    "SandboxPlatform",
    "SandboxServer",
    "Subject",
]
