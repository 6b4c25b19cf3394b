"""The error of a control route."""


class ControlError(Exception):
    """A control route cannot do what is asked; becomes a 4xx JSON answer."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
