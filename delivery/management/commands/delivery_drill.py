from delivery.choices import PLATFORM
from delivery.drill import Drill
from delivery.management.commands.delivery_doctor import find_place
from stores.management.drills import DrillCommand
from stores.models import Connection


class Command(DrillCommand):
    help = (
        "Send orders to WeChat's own test courier for a store's mini-program, move each through its"
        " states, wait for every push at the running server, and print a checklist with the"
        " messages exchanged (-v 0 without them, -v 2 in full). Nobody rides; it uses three of"
        " WeChat's 500 test orders of a day. The server must use the same database. Exit code: 0"
        " nothing failed, 1 a check failed, 3 wrong usage, unknown store or no server, 4 no"
        " database or key."
    )
    drill = Drill
    platform = PLATFORM
    connection_title = "store that delivers"
    account = "name"
    named = "STORE"

    def find_connection(self, text: str) -> Connection:
        """The mini-program of a store. Raises CommandError with exit code 3."""
        return find_place(text).connection
