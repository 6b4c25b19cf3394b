"""A drill of one check that passes and one that fails."""

from stores.drills.checklist import Checklist
from stores.drills.drill import Drill

CHECKLIST = Checklist(kind="parcels")


class ParcelDrill(Drill):
    checklist = CHECKLIST


@CHECKLIST.check("number.known", "A parcel has a number")
def known(drill: ParcelDrill) -> None:
    drill.expect(True, "a number is missing")


@CHECKLIST.check("number.short", "A number has four digits")
def short(drill: ParcelDrill) -> None:
    drill.expect(False, "the number has eight digits")
