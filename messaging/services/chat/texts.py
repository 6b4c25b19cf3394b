"""What was written, as far as a person or a program may see it.

Phones that stand in a message are masked for whoever may not see personal data, as they are in
the remark of an order.
"""

import re

from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from messaging.choices import MessageKind
from messaging.models import Conversation, Message
from messaging.wire.values import mask_phones
from stores.fields import readable

# Characters of a message in a line of a list.
LONGEST = 60
# What stands there for a message that is no text; rows keep the key, people read the words.
WORDS: dict[str, StrOrPromise] = {
    f"[{MessageKind.PICTURE.value}]": _("[picture]"),
    f"[{MessageKind.OTHER.value}]": _("[voice message or card]"),
    f"[{MessageKind.UNREADABLE.value}]": _("[unreadable]"),
}
# A beginning may have been cut within a number, which is no whole phone then.
_CUT_NUMBER = re.compile(r"\+?\d[\d*_,，转#. -]*$")


def text_of(message: Message, *, whole: bool) -> str:
    """Returns the text of a message, phones masked unless `whole`; of a picture its address."""
    text = str(readable(message, "text", ""))
    is_address = message.kind != MessageKind.TEXT
    return text if whole or is_address else mask_phones(text)


def preview_of(talk: Conversation, *, whole: bool) -> str:
    """Returns the beginning of the last message, phones masked unless `whole`."""
    begin = str(readable(talk, "preview", ""))
    begin = str(WORDS.get(begin, begin))
    if whole:
        return begin
    masked = mask_phones(begin)
    return _CUT_NUMBER.sub("…", masked) if len(begin) == LONGEST else masked


def line_of(message: Message, *, whole: bool) -> str:
    """Returns a message for a line of a list: its text as in `text_of`, or what it is in place of
    one.
    """
    if message.kind == MessageKind.TEXT:
        return text_of(message, whole=whole)[:LONGEST]
    return str(WORDS[brief_of(message)])


def brief_of(message: Message) -> str:
    """Returns the beginning of a message as conversations keep it, for `preview_of`."""
    if message.kind == MessageKind.TEXT:
        return str(readable(message, "text", ""))[:LONGEST]
    return f"[{message.kind}]"
