"""The set-up check of a store: ten questions, each with its result and what to do.

findings.py what a check has found · heard.py asks WeChat and the couriers · judging.py what their
answers mean for the set-up · couriers.py the same for each courier's secret and store · pushes.py
calls our own address as WeChat does · ordering.py an order of WeChat's sandbox · running.py does
all of it in time, and keeps what was found.
"""

from delivery.services.doctor.findings import TITLES, Verdict
from delivery.services.doctor.running import carry_out, start

__all__ = ["TITLES", "Verdict", "carry_out", "start"]
