"""The umember gateway's side, for demo, drills and tests; it shares no code with our client."""

from .gateway import UmemberSandbox

__all__ = ["UmemberSandbox"]
