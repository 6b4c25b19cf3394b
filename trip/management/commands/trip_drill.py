from stores.management.drills import DrillCommand
from trip.choices import PLATFORM
from trip.drill import Drill


class Command(DrillCommand):
    help = (
        "Run Meituan's acceptance table against the running server, as Meituan would call it, and"
        " print a checklist with the messages exchanged (-v 0 without them, -v 2 in full). It"
        " orders tickets of the merchant's products and gives them all back. The server must use"
        " the same database. Exit code: 0 nothing failed, 1 a check failed, 3 wrong usage, unknown"
        " connection or no server, 4 no database or key."
    )
    drill = Drill
    platform = PLATFORM
    connection_title = "ticket connection"
    account = "PartnerId"
