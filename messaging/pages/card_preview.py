"""The safety card as customers see it: badge, poster and receipt."""

from dataclasses import dataclass

from django.urls import reverse

from messaging.models import SafetyCard
from messaging.receipts.copies import card_lines
from messaging.receipts.lines import MM58
from messaging.receipts.preview import receipt_text
from messaging.wire.cards import Card


@dataclass(frozen=True)
class ShownMeasure:
    """`address` is where this site shows the picture; "" while there is none."""

    text: str
    note: str
    address: str


@dataclass(frozen=True)
class Preview:
    card: Card
    store_name: str
    measures: list[ShownMeasure]
    receipt: str


def preview_of(row: SafetyCard, card: Card) -> Preview:
    """Returns how a card would look; `row` is whose pictures are shown."""
    measures = [
        ShownMeasure(
            each.text,
            each.note,
            measure_address(row, each.kind) if each.picture else "",
        )
        for each in card.measures
    ]
    receipt = "\n".join(receipt_text(card_lines(card.rows), MM58)) if card.rows else ""
    return Preview(card, str(row.binding), measures, receipt)


def measure_address(row: SafetyCard, kind: int) -> str:
    return reverse("takeaway:card-measure", args=[row.binding_id, kind])
