"""The remote platforms' side, on real sockets, for demo, drills, tests and benchmarks."""

from .arrivals import Arrival, ArrivalLog
from .errors import ControlError
from .faults import KINDS, Fault, FaultScript
from .messages import Reply, Request, Subject
from .platform import SandboxPlatform
from .routes import control
from .server import SandboxServer
from .switches import Switches

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
    "Switches",
    "control",
]
