"""Coupon codes in what people type, paste, scan, upload and send: one reading for all of them.

A code is a run of digits that stand next to each other, or groups of digits in one printed pattern
("1234 5678 9012"). Digits of which this is not sure are never joined: they are offered, or refused
by name. The table in tests/coupons/codes_table.py says what becomes of which text.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from coupons.codes.lookalikes import (
    BESIDE,
    BY_CHANCE,
    ENDS,
    FIRST,
    FREE,
    IS,
    LANDLINE,
    PAYING,
    NoCode,
    Patterns,
    lookalike,
)
from stores.text import plain

# The name of what a text holds instead of one code, beside those of NoCode.
SEVERAL_CODES = "several_codes"
MIN_DIGITS, MAX_DIGITS = 8, 20
MAX_INPUT = 2_000
# A number beside something else is a code with these lengths only.
BESIDE_OTHERS = range(10, 15)
WITHOUT_ZERO = 11
USUAL = (10, 12)
# Numbers that are offered also beside a code that is sure.
ALSO_OFFERED = (NoCode.UNCLEAR, NoCode.LACKS_ZERO)
# Groups of digits as codes are printed, with one separator throughout.
PRINTED = {
    *((4, 4, 4), (3, 3, 3, 3), (6, 6)),
    *((4, 4, 2), (4, 3, 3), (3, 4, 3), (3, 3, 4), (5, 5)),
    *((4, 4, 3), (3, 4, 4), (4, 4, 4, 4)),
}
# Groups of digits as goods carry them.
BARCODE = (1, 6, 6)
SHOWN = 40


@dataclass(frozen=True)
class Reading:
    """What a text holds: its codes, each once, in their order.

    Without a code, `no_code` names what was read. `offered` are codes that a person may mean; they
    are sent only when the person says so. `seen` is the text, shortened, its numbers masked; it is
    "" when every number is sure.
    """

    codes: tuple[str, ...] = ()
    no_code: NoCode | None = None
    offered: tuple[str, ...] = ()
    seen: str = ""

    @property
    def only(self) -> str | None:
        """The code, if there is exactly one, and nothing else that may be meant."""
        return self.codes[0] if len(self.choices) == len(self.codes) == 1 else None

    @property
    def read_as(self) -> str:
        """The name of what it holds instead of one code."""
        return self.no_code.value if self.no_code else SEVERAL_CODES

    @property
    def choices(self) -> tuple[str, ...]:
        """What a person may choose: first the codes that are sure."""
        return (*self.codes, *self.offered)


class MalformedCode(ValueError):
    """The text does not hold exactly one code; `reading` says what it holds."""

    def __init__(self, reading: Reading) -> None:
        super().__init__(reading.read_as)
        self.reading = reading


def one_code(text: object, *, confirmed: bool = False) -> str:
    """Returns the only code of a text. Raises MalformedCode.

    `confirmed`: a person says that this number, which is offered, is a code.
    """
    if not isinstance(text, str):
        raise MalformedCode(Reading(no_code=NoCode.OTHER))
    reading = read(text)
    if confirmed and (number := plain(text)) in reading.offered:
        return number
    if reading.only is None:
        raise MalformedCode(reading)
    return reading.only


def read(text: str) -> Reading:
    """Reads one entry: a field, a scan, a message, a line of a list."""
    entry = plain(text) if len(text) <= MAX_INPUT else ""
    if not entry:
        return Reading(no_code=NoCode.OTHER if text else NoCode.EMPTY)
    numbers = [_alone(entry)] if _DIGITS.fullmatch(entry) else _numbers(entry)
    codes = dict.fromkeys(number.code for number in numbers if number.code)
    if codes:
        also = [code for number in numbers for code in number.offered if number.is_also_offered]
        unsure = tuple(code for code in dict.fromkeys(also) if code not in codes)
        return Reading(tuple(codes), None, unsure, masked(entry) if unsure else "")
    names = [number.no_code for number in numbers if number.no_code] or [NoCode.OTHER]
    offered = dict.fromkeys(code for number in numbers for code in number.offered)
    return Reading((), min(names, key=list(NoCode).index), tuple(offered), masked(entry))


def is_code(number: str) -> bool:
    """Whether a number that a person chose can be sent as a code."""
    if not _DIGITS.fullmatch(number):
        return False
    alone = _alone(number)
    return number in (alone.code, *alone.offered)


def tail_of(code: str) -> str:
    return code[-4:]


def masked(entry: str) -> str:
    """Returns the entry for a person to compare: shortened, long numbers without their middle."""
    hidden = _LONG.sub(_ends, entry)
    return " ".join(hidden.split())[:SHOWN]


def _ends(found: re.Match[str]) -> str:
    """The first three and the last four characters of a long number; of a shorter one, fewer."""
    number = found[0]
    return f"{number[:3]}…{number[-4:]}" if len(number) > 9 else f"{number[:2]}…{number[-2:]}"


@dataclass(frozen=True)
class _Number:
    """A number in a text: a code, or what it is instead and the codes that it may stand for."""

    code: str = ""
    no_code: NoCode | None = None
    offered: tuple[str, ...] = ()

    @property
    def is_also_offered(self) -> bool:
        return self.no_code in ALSO_OFFERED


_DIGITS = re.compile("[0-9]+")
_LONG = re.compile("[0-9](?:[ -]?[0-9]){4,}")
_ANY = f"[0-9]{{{MIN_DIGITS},{MAX_DIGITS}}}"
_CODE = (
    "(?:(?:券码|券号|券编号|核销码|消费码|兑换码|验证码|团购码|(?<!wifi)(?<!wi-fi)密码)(?:编号|号码)?"
    "|code|coupon|voucher|quan)"
)
_LINK = re.compile(
    r"(?:[a-z]{3,20}://|(?<![\w@.-])(?:[a-z0-9-]+\.)+[a-z]{2,6}[/?])[^\s\u3000-\u9fff]+",
    re.IGNORECASE,
)
_IN_LINK = re.compile(rf"[?&#/;][\w-]*{_CODE}[\w-]*[=/]({_ANY}){ENDS}", re.IGNORECASE)
_NAMED = re.compile(rf"{_CODE}{IS}({_ANY})(?:\.0+)?{ENDS}(?!\.[0-9])", re.IGNORECASE)
# ".0" is a spreadsheet's, "x2" a count.
_RUN = re.compile(
    rf"{FREE}(?<!\b0\.)(?<![A-Za-z][-_])([0-9]{{{BESIDE_OTHERS.start},}})(?:\.0+)?(?:{ENDS}|(?=[xX][0-9]{{1,3}}{ENDS}))(?!\.[0-9])"
)
_SEVERAL = r"[0-9]+(?:(?: ?[.·_\u2010-\u2015\-] ?|[ \u2000-\u200a\u202f]{1,2})[0-9]+)+"
_GROUPS = re.compile(
    r"(?<![0-9A-Za-z])(?<![A-Za-z][-_])(?<![0-9][ .·_\-])(?<![0-9] [ .·_\-])(?<![0-9][.·_\-] )"
    rf"{_SEVERAL}"
    r"(?![0-9A-Za-z])(?! ?[.·_ \-] ?[0-9])"
)
# Groups that go on, in front or behind, in a word with letters: A12 1234 5678 9012.
_BESIDE_LETTERS = re.compile(rf"(?<![0-9A-Za-z]){_SEVERAL}(?![0-9A-Za-z])")
# A number of eight digits or more in a word with letters: V1234567890, PW-1234567890.
_LETTERS = re.compile(
    rf"{FREE}(?=[0-9]*[A-Za-z])[A-Za-z0-9]*[-_]?[0-9]{{{MIN_DIGITS},}}[A-Za-z0-9]*{ENDS}"
)
# As a spreadsheet shows large numbers: 123,456,789,012.
_THOUSANDS = re.compile(rf"{FREE}(?<![0-9],)[0-9]{{1,3}}(?:,[0-9]{{3}}){{3}}{ENDS}(?!,[0-9])")
_BLANKS = re.compile(r"(?<=[0-9])\s+(?=[0-9])")
# What was read is replaced by this, so that what stood before and behind it does not meet.
_TAKEN = " | "


def _numbers(entry: str) -> list[_Number]:
    """Returns the numbers of a text: first those that are sure, then groups in what remains."""
    numbers: list[_Number] = []

    def took(found: Iterable[_Number]) -> str:
        numbers.extend(found)
        return _TAKEN

    def named(patterns: Patterns) -> None:
        nonlocal entry
        for pattern, name in patterns:
            entry, times = pattern.subn(_TAKEN, entry)
            numbers.extend([_Number(no_code=name)] * bool(times))

    entry = _LINK.sub(lambda link: took(_in_link(link[0])), entry)
    entry = _NAMED.sub(lambda code: took([_alone(code[1])]), entry)
    named(FIRST)
    entry = _RUN.sub(lambda run: took([_run(run[1])]), entry)
    entry = _LETTERS.sub(lambda word: took([_with_letters(word[0])]), entry)
    entry = _THOUSANDS.sub(lambda found: took([_unsure(found[0].replace(",", ""))]), entry)
    named(BESIDE)
    entry = _GROUPS.sub(lambda groups: took(_grouped(groups[0])), entry)
    entry = _BESIDE_LETTERS.sub(lambda groups: took(_unsure_groups(groups[0])), entry)
    if _DIGITS.search(entry):
        numbers.append(_Number(no_code=NoCode.TOO_SHORT))
    return numbers


def _in_link(link: str) -> Iterator[_Number]:
    """Only what the link itself calls a code; its other numbers are orders, shops and deals."""
    codes = _IN_LINK.findall(link)
    yield from map(_alone, codes)
    if not codes and PAYING.search(link):
        yield _Number(no_code=NoCode.PAYMENT)
    elif not codes and _RUN.search(link):
        yield _Number(no_code=NoCode.ORDER_NUMBER)


def _alone(digits: str) -> _Number:
    """A number that is the whole text, or that the text calls a code."""
    if known := lookalike(digits):
        return _Number(no_code=known, offered=(digits,) if known in BY_CHANCE else ())
    if len(digits) < MIN_DIGITS:
        return _Number(no_code=NoCode.TOO_SHORT)
    if len(digits) > MAX_DIGITS:
        return _Number(no_code=NoCode.TOO_LONG)
    if len(digits) == WITHOUT_ZERO:
        return _Number(no_code=NoCode.LACKS_ZERO, offered=(f"0{digits}", digits))
    return _Number(digits)


def _run(digits: str) -> _Number:
    """A number that stands beside something else."""
    number = _alone(digits)
    if number.code and len(digits) not in BESIDE_OTHERS:
        return _Number(no_code=NoCode.ORDER_NUMBER)
    return number


def _with_letters(word: str) -> _Number:
    """A number with letters around it is no code; of the usual length it may hold one."""
    number = max(_DIGITS.findall(word), key=len)
    offered = tuple(_offers(number)) if len(number) in USUAL else ()
    return _Number(no_code=NoCode.LETTERS, offered=offered)


def _unsure(digits: str) -> _Number:
    return _Number(no_code=NoCode.UNCLEAR, offered=tuple(_offers(digits)))


def _unsure_groups(text: str) -> Iterator[_Number]:
    """Groups of which a part may be missing: what would be a code is offered."""
    for number in _grouped(text):
        yield _unsure(number.code) if number.code else number


def _grouped(text: str) -> list[_Number]:
    """Groups of digits: a code in one printed pattern, or codes that may be meant."""
    groups = _DIGITS.findall(text)
    marks = [gap.strip() for gap in _DIGITS.split(text)[1:-1]]
    if "" in marks and len(set(marks)) > 1:
        # Where marks join groups, a blank parts them.
        return [
            number for part in re.split("(?<=[0-9]) +(?=[0-9])", text) for number in _grouped(part)
        ]
    whole = "".join(groups)
    if marks == ["."]:
        # A decimal number.
        is_long = len(whole) >= BESIDE_OTHERS.start
        return [_Number(no_code=NoCode.UNCLEAR if is_long else NoCode.TOO_SHORT)]
    if LANDLINE.fullmatch(re.sub(" ?- ?", "-", text)):
        return [_Number(no_code=NoCode.LANDLINE, offered=tuple(_offers(whole)))]
    if _is_printed(groups, marks) and not _ends_in_year(groups):
        return [_alone(whole)]
    known = lookalike(whole)
    if known and (known not in BY_CHANCE or tuple(map(len, groups)) == BARCODE):
        return [_Number(no_code=known)]
    if len(whole) < BESIDE_OTHERS.start:
        return [_Number(no_code=known or NoCode.TOO_SHORT)]
    offered = tuple(_parts(groups, marks))
    if not offered and len(set(marks)) == 1 and len(whole) in USUAL:
        offered = (whole,)
    return [_Number(no_code=known or NoCode.UNCLEAR, offered=offered)]


def _is_printed(groups: list[str], marks: list[str]) -> bool:
    return len(set(marks)) == 1 and tuple(map(len, groups)) in PRINTED


def _ends_in_year(groups: list[str]) -> bool:
    """Whether a date may have been cut off behind a code in groups: 1234 5678 9012 2026."""
    return len(groups) == 4 and len(groups[-1]) == 4 and groups[-1].startswith("20")


def _parts(groups: list[str], marks: list[str]) -> Iterator[str]:
    """The codes in printed patterns among more groups, from the left, those of 12 digits first."""
    first = 0
    while first < len(groups) - 1:
        length = next(
            (
                length
                for length in (3, 4, 2)
                if _is_printed(groups[first : first + length], marks[first : first + length - 1])
            ),
            0,
        )
        if length:
            yield from _offers("".join(groups[first : first + length]))
        first += length or 1


def _offers(digits: str) -> Iterator[str]:
    number = _alone(digits)
    yield from [number.code] if number.code else number.offered
