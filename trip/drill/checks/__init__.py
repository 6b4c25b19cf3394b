"""One function per point of the acceptance table; importing a module adds its checks to the list,
in this order.
"""

from importlib import import_module

for _module in (
    "access",
    "creating",
    "paying",
    "issuing",
    "refunding",
    "using",
    "closing",
    "pulling",
    "overall",
):
    import_module(f"trip.drill.checks.{_module}")
