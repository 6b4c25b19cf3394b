"""A message in a line of a list: the beginning of its text, or what it is in place of one."""

from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from messaging.choices import MessageKind
from messaging.models import Message
from stores.fields import readable

LONGEST = 60
# What stands for a message that is no text; rows keep the key, people read the words.
WORDS: dict[str, StrOrPromise] = {
    f"[{MessageKind.PICTURE.value}]": _("[picture]"),
    f"[{MessageKind.OTHER.value}]": _("[voice message or card]"),
    f"[{MessageKind.UNREADABLE.value}]": _("[unreadable]"),
}


def brief_of(message: Message) -> str:
    """Returns up to 60 characters to be kept, or to be shown by `in_words`."""
    if message.kind == MessageKind.TEXT:
        return str(readable(message, "text", ""))[:LONGEST]
    return f"[{message.kind}]"


def in_words(brief: str) -> str:
    return str(WORDS.get(brief, brief))
