"""A store's 安心卡: what is saved, and what Meituan says of it (docs/platforms/takeaway.md §6).

Meituan keeps one card per store; saving replaces it whole.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Self

from messaging.choices import CardAudit, CardKind
from messaging.wire.values import number
from stores.platforms.errors import Unknown
from stores.platforms.reading import BEIJING, any_text, any_whole

MOST_TEXT, MOST_ADDRESS = 200, 500
_AUDITS = {0: CardAudit.NORMAL, 1: CardAudit.OFFLINE, 2: CardAudit.REJECTED}


@dataclass(frozen=True)
class CardRow:
    """One row of the card: job, name and temperature in degrees Celsius ("36.5")."""

    job: str
    name: str
    temperature: str


@dataclass(frozen=True)
class CardMeasure:
    """One measure of an upgraded card; `picture` is its address at Meituan."""

    kind: int
    text: str
    picture: str
    note: str = ""


@dataclass(frozen=True)
class CardTest:
    """One nucleic acid test (核酸); `picture` is the address of the result at Meituan."""

    day: date
    picture: str
    note: str = ""


@dataclass(frozen=True)
class Card:
    """A whole card. `by_im`: Meituan sends it after completion (`syncIM`)."""

    kind: CardKind
    rows: tuple[CardRow, ...]
    measures: tuple[CardMeasure, ...] = ()
    tests: tuple[CardTest, ...] = ()
    tips: str = ""
    on_poster: bool = False
    by_im: bool = False
    on_receipt: bool = False

    def as_biz(self) -> dict[str, Any]:
        """Returns the card as `save` takes it."""
        return {
            "type": int(self.kind),
            "cardDetailList": [vars(row) for row in self.rows],
            "upgradeDetailList": [_measure(each) for each in self.measures],
            "testingItemList": [_test(each) for each in self.tests],
            "tips": self.tips,
            "syncPost": int(self.on_poster),
            "syncIM": int(self.by_im),
            "syncOpenReceipt": int(self.on_receipt),
        }

    @classmethod
    def of_biz(cls, biz: Mapping[str, Any]) -> Self:
        """Reads a card that `as_biz` has made, or what is left of one whose content was removed."""
        return cls(
            kind=CardKind(biz.get("type", CardKind.NORMAL)),
            rows=tuple(CardRow(**row) for row in biz.get("cardDetailList", ())),
            measures=tuple(
                CardMeasure(row["type"], row["desc"], row["url"], row.get("subTitle", ""))
                for row in biz.get("upgradeDetailList", ())
            ),
            tests=tuple(
                CardTest(_day(row["testingTime"]), row["url"], row["desc"])
                for row in biz.get("testingItemList", ())
            ),
            tips=biz.get("tips", ""),
            on_poster=bool(biz.get("syncPost")),
            by_im=bool(biz.get("syncIM")),
            on_receipt=bool(biz.get("syncOpenReceipt")),
        )


@dataclass(frozen=True)
class SavedAnswer:
    """What Meituan answers to a save: its number of the card and the page that customers see."""

    card_id: str
    page: str


@dataclass(frozen=True)
class RemoteCard:
    """How a store's card stands at Meituan. `audit` is "" for a state that we do not know."""

    is_signed: bool
    audit: str
    audit_tip: str
    card_id: str
    page: str


def parse_saved(data: Any) -> SavedAnswer:
    """Raises Unknown when the answer names no card."""
    given = data if isinstance(data, dict) else {}
    card_id = number(given, "cardId")
    if not card_id:
        raise Unknown("no cardId in the answer")
    return SavedAnswer(card_id, any_text(given, "landPage", most=MOST_ADDRESS))


def parse_card(data: Any) -> RemoteCard:
    """Raises Unknown when the answer does not say whether the letter is signed."""
    given = data if isinstance(data, dict) else {}
    signed = any_whole(given, "protocolStatus")
    if signed is None:
        raise Unknown("no protocolStatus in the answer")
    audit = any_whole(given, "auditStatus")
    return RemoteCard(
        is_signed=signed == 1,
        audit=_AUDITS.get(audit, "") if audit is not None else "",
        audit_tip=any_text(given, "auditTip", most=MOST_TEXT),
        card_id=number(given, "cardId"),
        page=any_text(given, "landPageUrl", most=MOST_ADDRESS),
    )


def parse_picture(data: Any) -> str:
    """Returns the address of an uploaded picture. Raises Unknown when there is none."""
    given = data if isinstance(data, dict) else {}
    found = any_text(given, "pic_url", most=MOST_ADDRESS)
    if not found.startswith(("https://", "http://")):
        raise Unknown("no picture in the answer")
    return found


def _measure(each: CardMeasure) -> dict[str, Any]:
    made: dict[str, Any] = {"type": each.kind, "desc": each.text, "url": each.picture}
    return made | ({"subTitle": each.note} if each.note else {})


def _test(each: CardTest) -> dict[str, Any]:
    midnight = datetime.combine(each.day, datetime.min.time(), BEIJING)
    return {
        "url": each.picture,
        "testingTime": int(midnight.timestamp()),
        "desc": each.note,
    }


def _day(seconds: int) -> date:
    return datetime.fromtimestamp(seconds, BEIJING).date()
