"""The addresses that Meituan pushes to, in the order of its console."""

from dataclasses import dataclass

from django_stubs_ext import StrOrPromise

from messaging.choices import PushKind


@dataclass(frozen=True)
class Address:
    """One address; `path` is relative to /takeaway/<developer account>/."""

    kind: PushKind

    @property
    def path(self) -> str:
        return self.kind.value.replace("_", "-")

    @property
    def title(self) -> StrOrPromise:
        return self.kind.label

    @property
    def route(self) -> str:
        """The URL name for reverse(f"takeaway:{route}", args=[connection.pk])."""
        return f"push-{self.path}"


ADDRESSES = tuple(Address(kind) for kind in PushKind)
