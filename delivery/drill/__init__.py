"""The delivery drill (配送演练): an order of WeChat's sandbox from the call to its end, with each
push that must arrive at our own running server.

Its deliveries are marked, so that no list, figure or alert counts them, and are taken away after
the last check.
"""

from delivery.drill import checks
from delivery.drill.drilling import Drill

__all__ = ["Drill", "checks"]
