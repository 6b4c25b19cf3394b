"""What stands in the log beside a line."""

import logging
import re

# A part of an address that opens a page or a picture to who knows it: 128 bits and more. Anything
# may follow: the ending of a file, or a full stop that was copied with it.
_SECRET_PART = re.compile(r"(?<=/)[-_A-Za-z0-9]{20,}")


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
