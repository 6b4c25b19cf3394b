"""What was written, as far as a person or a program may see it.

Phones that stand in a message are masked for whoever may not see personal data, as they are in
the remark of an order.
"""

import re

from messaging.choices import MessageKind
from messaging.models import Conversation, Message
from messaging.services.chat.briefly import LONGEST, brief_of, in_words
from messaging.wire.values import mask_phones
from stores.fields import readable

# A beginning may have been cut within a number, which is no whole phone then.
_CUT_NUMBER = re.compile(r"\+?[0-9][0-9*_,，转# -]*$")


def text_of(message: Message, *, whole: bool) -> str:
    """Returns the text of a message, phones masked unless `whole`; of a picture its address."""
    text = str(readable(message, "text", ""))
    is_address = message.kind != MessageKind.TEXT
    return text if whole or is_address else mask_phones(text)


def preview_of(talk: Conversation, *, whole: bool) -> str:
    """Returns the beginning of the last message, phones masked unless `whole`."""
    begin = in_words(str(readable(talk, "preview", "")))
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
    return in_words(brief_of(message))
