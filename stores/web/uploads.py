"""What no page of ours asks for is refused before it is read: files, and books in a text box."""

from collections.abc import Callable
from typing import Any, TypeVar

from django.core.files.uploadhandler import FileUploadHandler
from django.http import HttpRequest
from django.http.multipartparser import MultiPartParserError

View = TypeVar("View", bound=Callable[..., Any])
# Bytes of a form; the longest that is meant to be filled in is a list of codes by hand.
MOST_OF_A_FORM = 512 * 1024


class RefusedUpload(FileUploadHandler):
    """Ends the reading of a form at its first file: nothing of it is kept, in memory or on disk."""

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        raise MultiPartParserError("no page takes files")

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes | None:
        return None

    def file_complete(self, file_size: int) -> None:
        return None


def longer_form(most_bytes: int) -> Callable[[View], View]:
    """Lets a page take a form of up to that many bytes."""

    def mark(view: View) -> View:
        view.most_bytes = most_bytes  # type: ignore[attr-defined]
        return view

    return mark


def is_too_long(request: HttpRequest, view: Callable[..., Any]) -> bool:
    """Returns whether a page's form says that it is longer than what the page takes.

    What programs send (exempt from tokens of forms) is limited where it is read.
    """
    if getattr(view, "csrf_exempt", False):
        return False
    length = request.META.get("CONTENT_LENGTH") or "0"
    # wsgi.py gives a body in pieces, whose length nobody knows, the limit of all requests.
    if "HTTP_TRANSFER_ENCODING" in request.META or not length.isdecimal():
        return False
    return int(length[:19]) > int(getattr(view, "most_bytes", MOST_OF_A_FORM))
