"""The outcomes of a call. An outcome is never a boolean: "unknown" is one of them."""

from enum import Enum

from stores.text import clean_text, mask_secret


class Trouble(Enum):
    """What is wrong with an address, where a person can do something about it."""

    NAME = "the host name is not known"
    REFUSED = "nobody listens there"
    CERTIFICATE = "the certificate is not valid for this address"
    NOTHING_THERE = "the server has no such page"
    MOVED = "the server points to another address"
    BROKEN = "the server has an error of its own"
    NOT_THE_PLATFORM = "the server does not answer in the platform's form"
    SLOW = "no answer came in time"


class PlatformError(Exception):
    """Base of everything a platform call raises.

    `detail` is for the ledger and holds no secrets. `trouble` is None where the address is not to
    blame.
    """

    trouble: Trouble | None = None

    def __init__(self, detail: str = "") -> None:
        super().__init__(detail)
        self.detail = clean_text(detail, 2000)

    def hide(self, secret: str) -> None:
        """Shortens `secret` in the texts to its last four characters: platforms repeat what they
        were sent.
        """
        self.detail = mask_secret(secret, self.detail)
        self.args = (self.detail,)


class Refused(PlatformError):
    """The platform answered and refused.

    Final. `code` is the platform's own, `message` its own words.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = clean_text(message, 2000)

    def hide(self, secret: str) -> None:
        super().hide(secret)
        self.message = mask_secret(secret, self.message)


class NotSent(PlatformError):
    """The call was surely not executed: the request never left, or could not be read.

    Try again later.
    """


class NoSlot(NotSent):
    """The call was surely not executed: the account's slot did not come in time."""


class Throttled(NotSent):
    """The call was surely not executed: too many requests.

    The account's next call waits `after` seconds; None means the outbox's usual pause.
    """

    def __init__(self, detail: str = "", after: float | None = None) -> None:
        super().__init__(detail)
        self.after = after


class LoginRefused(NotSent):
    """The platform does not accept the credentials.

    The connection is marked, and its calls rest until a person corrects them or ten minutes are
    over.
    """


class AuthExpired(NotSent):
    """The token was not accepted, so the call was not executed."""


class Unknown(PlatformError):
    """The request may have been executed: the answer was lost, late or garbled.

    Ask before sending again.
    """


class TimedOut(Unknown):
    """No answer came in time.

    Unlike after a closed connection, the platform may still be at work.
    """


class Undecided(Unknown):
    """The call may have been executed, and the platform works: its answer does not say, or our code
    failed.

    Another question within `after` seconds would not tell more; None means the usual pauses.
    """

    def __init__(self, detail: str = "", after: float | None = None) -> None:
        super().__init__(detail)
        self.after = after


class Inconclusive(Undecided):
    """The platform answered the question without saying what became of the call."""


class NeedsPerson(Undecided):
    """The platform's answer leaves the call undecided for good: a person decides at once."""
