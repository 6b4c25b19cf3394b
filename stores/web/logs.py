"""What stands in the log beside a line."""

import logging
import re

# A part of an address that opens a page to who knows it: 128 bits and more. What was copied with it
# may follow (a full stop, a comma); the ending of a file's name does not.
_SECRET_PART = re.compile(r"(?<=/)[-_A-Za-z0-9]{20,}+(?!\.[A-Za-z])")


class NoTraceOfRefusals(logging.Filter):
    """Leaves out the traceback of a request that was refused (4xx): nothing of ours has failed."""

    def filter(self, record: logging.LogRecord) -> bool:
        status = getattr(record, "status_code", 500)
        if record.exc_info and isinstance(status, int) and 400 <= status < 500:
            record.exc_info = record.exc_text = None
        return True


class NoSecretAddresses(logging.Filter):
    """Leaves out of Django's lines about requests what alone opens a page without signing in."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.name.startswith("django.") and isinstance(record.args, tuple):
            record.args = tuple(
                _SECRET_PART.sub("…", each) if isinstance(each, str) else each
                for each in record.args
            )
        return True
