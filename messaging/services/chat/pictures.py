"""Pictures that the shop sends: read with limits, made small, and written anew as JPEG.

Nothing of an uploaded file is passed on: no name, no place where it was taken, no second content.
Meituan fetches a picture from our address (docs/platforms/takeaway.md §5.2), which is public and
which nobody can guess.
"""

import io
import struct
import warnings
from dataclasses import dataclass

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise
from PIL import ExifTags, Image

from messaging.models import ChatPicture
from messaging.services.chat.closing import ChatConflict
from stores.models import Store

# Formats that are read, as Pillow names them. Meituan publishes neither formats nor limits.
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP")
MOST_BYTES, MOST_PIXELS = 10_000_000, 40_000_000
LONGEST_SIDE, QUALITY = 1600, 82
# What Pillow raises for bytes that are no picture, or for one whose notes (EXIF) are broken.
_UNREADABLE = (
    OSError,
    ValueError,
    SyntaxError,
    struct.error,
    LookupError,
    TypeError,
    EOFError,
    ArithmeticError,
    Warning,
    Image.DecompressionBombError,
)
# How a picture is turned upright by the orientation in its notes.
_TURNED = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_HEIC = (b"ftypheic", b"ftypheix", b"ftyphevc", b"ftypmif1", b"ftypmsf1", b"ftypavif")
_PROGRAMS = (b"MZ", b"\x7fELF", b"#!", b"\xca\xfe\xba\xbe", b"\xcf\xfa\xed\xfe", b"PK\x03\x04")


@dataclass(frozen=True)
class Jpeg:
    """A picture as we have written it anew; sides in pixels."""

    content: bytes
    width: int
    height: int


def picture_store(*, store: Store, content: bytes) -> ChatPicture:
    """Keeps an uploaded picture of a store. Raises ChatConflict with a sentence for people."""
    return picture_keep(store, as_jpeg(content))


def picture_keep(store: Store, small: Jpeg) -> ChatPicture:
    return ChatPicture.objects.create(store=store, **vars(small))


def as_jpeg(content: bytes) -> Jpeg:
    """Returns an uploaded picture made small. Raises ChatConflict with a sentence for people."""
    small = _small(content)
    written = io.BytesIO()
    small.save(written, "JPEG", quality=QUALITY, optimize=True)
    return Jpeg(written.getvalue(), small.width, small.height)


def too_heavy() -> str:
    """Returns the sentence about a picture of more bytes than are read."""
    return _("A picture has at most %(most)d MB.") % {"most": MOST_BYTES // 1_000_000}


def address_of(picture: ChatPicture) -> str:
    """Returns the address from which Meituan fetches the picture."""
    path = reverse("takeaway:chat-picture", args=[picture.slug])
    return f"{settings.PUBLIC_BASE_URL}{path}"


def _small(content: bytes) -> Image.Image:
    if len(content) > MOST_BYTES:
        raise ChatConflict(too_heavy())
    try:
        # Pillow warns of a picture that is much larger once it is unpacked.
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            return _read(content)
    except _UNREADABLE as error:
        raise ChatConflict(_why_not(content)) from error


def _read(content: bytes) -> Image.Image:
    """Raises what Pillow raises, and ValueError for a picture of too many pixels, before it is
    unpacked.
    """
    with Image.open(io.BytesIO(content), formats=FORMATS) as found:
        if found.width * found.height > MOST_PIXELS:
            raise ValueError("too many pixels")
        found.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
        # Pillow's own turning writes all notes anew, and fails at one that is broken.
        way = _TURNED.get(found.getexif().get(ExifTags.Base.Orientation, 1))
        turned = found.transpose(way) if way is not None else found
        turned.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
        return _on_white(turned)


def _on_white(picture: Image.Image) -> Image.Image:
    """Returns it without transparency, which JPEG lacks."""
    if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
        over = picture.convert("RGBA")
        ground = Image.new("RGBA", over.size, "white")
        return Image.alpha_composite(ground, over).convert("RGB")
    return picture.convert("RGB")


def _why_not(content: bytes) -> StrOrPromise:
    start = content[:512].lstrip().lower()
    if any(name in content[:32] for name in _HEIC):
        return _(
            "This is a HEIC picture, which Meituan does not show. On an iPhone choose Settings, "
            "Camera, Formats, “Most Compatible”, or send a screenshot."
        )
    if b"<svg" in start or start.startswith(b"<?xml"):
        return _("SVG drawings may contain programs and are not sent. Send a photo.")
    if content.startswith(_PROGRAMS):
        return _("This is no picture but a program or an archive.")
    if _is_huge(content):
        return _("This picture has too many pixels. Send a smaller one.")
    return _("This file cannot be read as a picture. JPEG, PNG, WebP, GIF and BMP can be sent.")


def _is_huge(content: bytes) -> bool:
    """Whether a picture that was refused says of itself that it is too large."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(content), formats=FORMATS) as found:
                return found.width * found.height > MOST_PIXELS
    except Image.DecompressionBombError:
        return True
    except (OSError, ValueError, SyntaxError):
        return False
