"""Exceptions of services for a state that does not allow what is asked. Imports nothing of ours."""

from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise


class Conflict(Exception):
    """The present state does not allow what a person or a system asks for; `reason` says why.

    `code` names the problem to programs. A subclass for what the API can be asked has its own.
    """

    code = "conflict"

    def __init__(self, reason: StrOrPromise) -> None:
        super().__init__(reason)
        self.reason = reason


class KeyReused(Conflict):
    """An idempotency key was used before, with other content."""

    code = "key_reused"

    def __init__(self) -> None:
        super().__init__(_("This Idempotency-Key was used before, for something else"))
