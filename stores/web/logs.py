"""What stands in the log beside a line."""

import logging


class NoTraceOfRefusals(logging.Filter):
    """Leaves out the traceback of a request that was refused (4xx): nothing of ours has failed."""

    def filter(self, record: logging.LogRecord) -> bool:
        status = getattr(record, "status_code", 500)
        if record.exc_info and isinstance(status, int) and 400 <= status < 500:
            record.exc_info = record.exc_text = None
        return True
