from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from delivery.models import Delivery
from delivery.services.proof import is_known, proof_check, proof_taken
from stores.management.base import USAGE, ExitCodeCommand
from stores.text import is_id

CHANGED = 1
# More than any file of ours.
MOST_BYTES = 50_000_000


class Command(ExitCodeCommand):
    help = (
        "Print the proof file of a delivery: what was asked, said and paid, as JSON lines, each of"
        " which holds the SHA-256 of the one before. Exit code: 0 printed or unchanged, 1 a line"
        " was changed, or the audit log does not know the file, 3 wrong usage or unknown delivery,"
        " 4 no database or key."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("delivery", metavar="DELIVERY", help="the delivery's id")
        parser.add_argument("--check", metavar="FILE", help="find a changed byte in this file")

    def handle(self, *args: Any, **options: Any) -> None:
        text = options["delivery"]
        row = Delivery.objects.filter(pk=text).first() if is_id(text) else None
        if row is None:
            raise CommandError(f"There is no delivery {text}.", returncode=USAGE)
        if options["check"] is None:
            self.stdout.write(proof_taken(row, actor=None), ending="")
            return
        self._check(row, Path(options["check"]))

    def _check(self, row: Delivery, path: Path) -> None:
        try:
            with path.open("rb") as file:
                content = file.read(MOST_BYTES + 1)
        except OSError as error:
            raise CommandError(f"{path}: {error.strerror}.", returncode=USAGE) from error
        if len(content) > MOST_BYTES:
            raise CommandError(f"{path} is no proof file: it is too large.", returncode=USAGE)
        found = proof_check(content)
        if found.wrong is not None:
            raise CommandError(f"Line {found.wrong}: {found.why}.", returncode=CHANGED)
        if not is_known(found.seal, row):
            raise CommandError(
                "No line was changed, but the audit log knows no such file of this delivery.",
                returncode=CHANGED,
            )
        self.stdout.write(f"Unchanged: {found.seal}")
