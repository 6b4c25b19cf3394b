"""What may become of a call. The outcome is never a boolean: "we do not know" is one of the answers."""

from stores.text import clean_text, mask_secret


class PlatformError(Exception):
    """Base of everything a platform call raises. `detail` is for the ledger and holds no secrets."""

    def __init__(self, detail: str = "") -> None:
        super().__init__(detail)
        self.detail = clean_text(detail, 2000)

    def hide(self, secret: str) -> None:
        """Platforms repeat what they were sent: a coupon code in their words is cut to its last four digits."""
        self.detail = mask_secret(secret, self.detail)
        self.args = (self.detail,)


class Refused(PlatformError):
    """The platform answered and said no: final. `code` is the platform's own, `message` its own words."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = clean_text(message, 2000)

    def hide(self, secret: str) -> None:
        super().hide(secret)
        self.message = mask_secret(secret, self.message)


class NotSent(PlatformError):
    """Surely not executed: the request never left, or could not have been read. Try again later."""


class NoSlot(NotSent):
    """Surely not executed, through no fault of the platform's: our own turn did not come in time."""


class Throttled(NotSent):
    """Surely not executed: too many requests. `after` seconds should pass before the account's next call."""

    def __init__(self, detail: str = "", after: float = 1.0) -> None:
        super().__init__(detail)
        self.after = after


class LoginRefused(NotSent):
    """The platform does not accept our credentials; nothing can be sent until a person corrects them."""


class AuthExpired(NotSent):
    """The token was not accepted, so the call was not executed."""


class Unknown(PlatformError):
    """The request may have been executed: the answer was lost, late or garbled. Ask before sending again."""


class TimedOut(Unknown):
    """No answer in time. Unlike after a closed connection, the platform may still be at work on it."""


class Undecided(Unknown):
    """It may have been executed, and the platform is not in trouble: it answered without saying so, or we failed.

    Asking again in less than `after` seconds would tell no more; None means the usual pauses.
    """

    def __init__(self, detail: str = "", after: float | None = None) -> None:
        super().__init__(detail)
        self.after = after


class Inconclusive(Undecided):
    """A question that the platform answered without saying what became of the call, and may answer so again."""


class NeedsPerson(Undecided):
    """The same, and asking again would tell no more: a person decides at once."""
