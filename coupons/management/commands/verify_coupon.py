from __future__ import annotations

import json
import secrets
import sys
import time
from typing import Any

from django.core.management.base import CommandParser
from django.utils import translation
from rest_framework.utils.encoders import JSONEncoder

from coupons import codes
from coupons.api.serializers import malformed_detail, represent_verification
from coupons.counter import verified_by
from coupons.models import Channel, Verification
from coupons.reasons import READ, TEXTS, Reason
from coupons.services import place_of, verification_process, verification_request
from stores.management.base import ExitCodeCommand, find_store, seconds
from stores.platforms.outbox.place import PlaceInLine
from stores.tenancy import Access

VERIFIED, REFUSED, OPEN = 0, 1, 2
# A user who can run commands has access to everything.
EVERYWHERE = Access(everything=True)
EXIT_CODES: dict[str, int] = {
    Verification.Status.VERIFIED: VERIFIED,
    Verification.Status.REFUSED: REFUSED,
}


class Command(ExitCodeCommand):
    help = (
        "Verify one group coupon at a store. Exit code: 0 verified, 1 refused, 2 not settled yet"
        " (the worker goes on), 3 wrong usage or unknown store, 4 no result is known: the database"
        " or a key is missing, or an error of ours; run it again."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("store", metavar="STORE", help="the store's id or its exact name")
        parser.add_argument(
            "code", metavar="CODE", help="the coupon's digits, or a text that holds one code"
        )
        parser.add_argument(
            "--confirmed",
            action="store_true",
            help="this number is a code, though it looks like something else",
        )
        parser.add_argument(
            "--wait", type=seconds, default=30.0, metavar="SECONDS", help="default: %(default)s"
        )
        parser.add_argument(
            "--json",
            action="store_true",
            help="print JSON, as GET /api/v1/verifications/{id}/ does",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        store = find_store(options["store"])
        try:
            code = codes.one_code(options["code"], confirmed=options["confirmed"])
        except codes.MalformedCode as malformed:
            self._print_malformed(malformed.reading, options["json"])
            sys.exit(REFUSED)
        requested = verification_request(
            store=store, code=code, channel=Channel.COMMAND, flow=f"command:{secrets.token_hex(8)}"
        )
        row = self._process(requested.verification, options["wait"])
        self._print(row, options["json"])
        sys.exit(EXIT_CODES.get(row.status, OPEN))

    def _process(self, row: Verification, wait: float) -> Verification:
        """Processes in short steps, so that the user sees the place in line change."""
        until = time.monotonic() + wait
        row = verification_process(row, wait=0.0)
        while row.status not in Verification.FINAL and (left := until - time.monotonic()) > 0:
            place = place_of(row)
            self.stderr.write(f"waiting: {_where(place) if place else row.status}")
            row = verification_process(row, wait=min(2.0, left))
        return row

    def _print(self, row: Verification, as_json: bool) -> None:
        if as_json:
            shown = represent_verification(row, place_of(row), EVERYWHERE)
            self.stdout.write(json.dumps(shown, ensure_ascii=False, cls=JSONEncoder))
            return
        with translation.override("en"):
            remark = " (inferred)" if row.inferred else ""
            lines = [f"{row.store.name}: …{row.code_tail} {row.status}{remark}"]
            if row.reason:
                lines.append(
                    f"{row.reason}: {TEXTS[row.reason].staff} {TEXTS[row.reason].next_step}"
                )
            if row.duplicate_of:
                lines.append(verified_by(row, row.duplicate_of, EVERYWHERE))
        if row.gateway_message:
            lines.append(f"gateway: {row.gateway_message}")
        if row.deal:
            lines.append(f"deal: {row.deal}  order: {row.order_id}")
        self.stdout.write("\n".join(lines))

    def _print_malformed(self, reading: codes.Reading, as_json: bool) -> None:
        texts = READ[reading.read_as]
        if as_json:
            data = {
                "status": "refused",
                "reason": Reason.MALFORMED_CODE,
                "message": str(texts.staff),
                "read_as": reading.read_as,
                "offered": list(reading.choices),
            }
            self.stdout.write(json.dumps(data, ensure_ascii=False))
            return
        with translation.override("en"):
            self.stdout.write(f"{Reason.MALFORMED_CODE.value}: {malformed_detail(texts)}")


def _where(place: PlaceInLine) -> str:
    when = f"about {place.seconds} s"
    if place.is_held_up:
        when = "Meituan does not answer, trying again"
    return f"place {place.position} in line, {when}"
