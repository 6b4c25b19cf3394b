"""The acceptance drill (验收演练): acts as Meituan towards our own running server and works through
the acceptance table.

The drill orders real tickets of the merchant and gives all of them back; its order numbers begin
with 9999, which marks them while it runs. The sandbox's player, which shares no code with the
server, sends Meituan's calls. The merchant's own actions (issue by hand, decide a refund, use a
ticket) go through the services that the back office uses.
"""

from trip.drill import checks
from trip.drill.drilling import Drill

__all__ = ["Drill", "checks"]
