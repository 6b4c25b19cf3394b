"""The acceptance drill (验收演练): plays Meituan against our own running server and ticks off the acceptance table.

It orders real tickets of the merchant's under numbers that begin with 9999, which mark them as the drill's while it is
under way, and gives them all back. Meituan's part is played by the sandbox's player, which shares no code with the
server; what only the merchant does (issue by hand, decide a refund, let somebody in) is done by the services that the
back office uses.
"""

from trip.drill import checks
from trip.drill.drilling import Drill

__all__ = ["Drill", "checks"]
