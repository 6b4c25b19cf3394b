"""Text that a Chinese receipt printer can show: GBK without control characters, cut into columns.

A column is half as wide as a Chinese character; a text has as many columns as bytes in GBK
(docs/platforms/takeaway.md §7). So "×", "①" and "—" take two.
"""

import re
import unicodedata

ENCODING = "gbk"
EMOJI = "[表情]"
UNPRINTABLE = "?"
# Common characters that GBK lacks, and GBK's for the same.
_IN_GBK = str.maketrans(
    {
        "¥": "￥",
        "€": "EUR",
        "©": "(C)",
        "®": "(R)",
        "•": "·",
        "‧": "·",
        "・": "·",
        "〜": "～",
        "−": "-",
        "⁄": "/",
        "✓": "√",
        "✔": "√",
        "\ufffc": UNPRINTABLE,
        "\ufffd": UNPRINTABLE,
    }
)
# Control characters, invisible marks with those that turn the direction, and accents of their own.
_DROPPED = {"Cc", "Cf", "Mn", "Me"}
_SYMBOLS = {"So", "Sk"}
_REPEATED_EMOJI = re.compile(rf"(?:{re.escape(EMOJI)})+")
# A line is broken between words of ASCII, and between any other two characters.
_WORD = re.compile(r"[!-~]+|.")


def printable(text: str) -> str:
    """Returns `text` in one line of GBK.

    White space becomes one blank. A letter outside GBK becomes its plain form ("ñ" "n"), else "?";
    a row of emoji becomes one "[表情]".
    """
    composed = unicodedata.normalize("NFC", text).translate(_IN_GBK)
    made = "".join(_printable_character(character) for character in composed)
    return " ".join(_REPEATED_EMOJI.sub(EMOJI, made).split())


def _printable_character(character: str) -> str:
    if character.isspace():
        return " "
    category = unicodedata.category(character)
    if category in _DROPPED:
        return ""
    if _is_gbk(character):
        return character
    parts = unicodedata.normalize("NFKD", character).translate(_IN_GBK)
    plain = "".join(part for part in parts if not unicodedata.combining(part))
    if plain and _is_gbk(plain):
        return plain
    return EMOJI if category in _SYMBOLS else UNPRINTABLE


def _is_gbk(text: str) -> bool:
    try:
        text.encode(ENCODING)
    except UnicodeEncodeError:
        return False
    return True


def columns(text: str) -> int:
    """Returns the width of a printable text."""
    return len(text.encode(ENCODING))


def wrap(text: str, width: int) -> list[str]:
    """Returns printable lines of at most `width` columns, which must be 2 or more.

    A word is broken only when it is longer than a line. Nothing gives one empty line.
    """
    lines, room = [""], width
    for word in _WORD.findall(printable(text)):
        for piece in [word] if columns(word) <= width else word:
            if columns(piece) > room:
                lines.append("")
                room = width
            if piece == " " and not lines[-1]:
                continue
            lines[-1] += piece
            room -= columns(piece)
    return [line.rstrip() for line in lines]


def left_aligned(text: str, width: int) -> str:
    return text + " " * (width - columns(text))


def right_aligned(text: str, width: int) -> str:
    return " " * (width - columns(text)) + text


def centred(text: str, width: int) -> str:
    return " " * ((width - columns(text)) // 2) + text
