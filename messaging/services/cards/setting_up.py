"""What a store's card always says: its edition, measures with pictures, tests, and who sends it."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from messaging.choices import MEASURE_TEXTS, CardKind, CardSender, Measure
from messaging.models import CardMeasure, CardTest, SafetyCard, TakeawayStore
from messaging.services.at_once import client_at_once
from messaging.services.cards.rules import CHAT_IS_OFF, CardConflict
from messaging.services.chat import switching
from messaging.services.chat.bookkeeping import chat_of
from messaging.services.chat.pictures import as_jpeg
from messaging.wire import cards as wire
from stores import audit
from stores.audit import Actor

FIELDS = ("kind", "on_poster", "on_receipt", "im_by", "tips", "reminds")
MOST_TESTS = 9


def card_of(binding: TakeawayStore) -> SafetyCard:
    """Returns the card of a store; the usual one, which stands in no row, until it is set up."""
    found = SafetyCard.objects.filter(binding=binding).first()
    return found or SafetyCard(binding=binding)


def kept_card(binding: TakeawayStore) -> SafetyCard:
    """Returns the card of a store as a row; made with the usual values."""
    return SafetyCard.objects.get_or_create(binding=binding)[0]


def whole_card(card: SafetyCard, rows: tuple[wire.CardRow, ...]) -> wire.Card:
    """Returns the card with these people, as it would be saved."""
    is_upgraded = card.kind == CardKind.UPGRADED and card.pk
    measures = card.measures.filter(is_shown=True) if is_upgraded else ()
    return wire.Card(
        kind=CardKind(card.kind),
        rows=rows,
        measures=tuple(
            wire.CardMeasure(row.kind, MEASURE_TEXTS[Measure(row.kind)], row.picture, row.note)
            for row in measures
        ),
        tests=tuple(
            wire.CardTest(row.day, row.picture, row.note)
            for row in (card.tests.all() if card.pk else ())
        ),
        tips=card.tips,
        on_poster=card.on_poster,
        by_im=card.im_by == CardSender.MEITUAN,
        on_receipt=card.on_receipt,
    )


def chat_is_on(binding: TakeawayStore) -> bool:
    """Whether the store's chat is on; Meituan is asked unless it was on when it was asked last.

    Raises PlatformError.
    """
    if chat_of(binding.connection_id).is_on:
        return True
    return bool(switching.chat_check(binding=binding).is_on)


def card_set_up(
    *,
    binding: TakeawayStore,
    actor: Actor,
    measures: Mapping[Measure, str],
    **changes: Any,
) -> SafetyCard:
    """Keeps what the card always says; it is saved at Meituan with the next day's card.

    `changes` are FIELDS; `measures` are those to be shown, each with a note. Raises CardConflict,
    and PlatformError when Meituan has to be asked whether the chat is on.
    """
    if changes["im_by"] == CardSender.MEITUAN and not chat_is_on(binding):
        raise CardConflict(CHAT_IS_OFF)
    with transaction.atomic():
        card = kept_card(binding)
        SafetyCard.objects.filter(pk=card.pk).update(**{name: changes[name] for name in FIELDS})
        for kind in Measure:
            row = CardMeasure.objects.get_or_create(card=card, kind=kind)[0]
            row.is_shown, row.note = kind in measures, measures.get(kind, row.note)
            row.save(update_fields=["is_shown", "note"])
        _note(binding, actor)
    card.refresh_from_db()
    return card


def measure_picture(
    *, binding: TakeawayStore, kind: Measure, content: bytes, actor: Actor
) -> CardMeasure:
    """Uploads the picture of a measure. Raises Conflict for what is no picture, PlatformError."""
    small = as_jpeg(content).content
    address = client_at_once(binding.connection).upload_card_picture(small)
    with transaction.atomic():
        row, _is_new = CardMeasure.objects.update_or_create(
            card=kept_card(binding),
            kind=kind,
            defaults={"picture": address, "content": small, "is_shown": True},
        )
        _note(binding, actor)
    return row


def test_add(
    *, binding: TakeawayStore, day: date, note: str, content: bytes, actor: Actor
) -> CardTest:
    """Uploads the picture of a test. Raises Conflict, PlatformError."""
    if day > timezone.localdate():
        raise CardConflict(_("The day of the test is still to come."))
    card = kept_card(binding)
    if card.tests.count() >= MOST_TESTS:
        raise CardConflict(
            _("A card has at most %(most)d tests: remove one first.") % {"most": MOST_TESTS}
        )
    small = as_jpeg(content).content
    address = client_at_once(binding.connection).upload_card_picture(small)
    with transaction.atomic():
        _note(binding, actor)
        return CardTest.objects.create(
            card=card, day=day, note=note, picture=address, content=small
        )


@transaction.atomic
def test_remove(*, row: CardTest, actor: Actor) -> None:
    """Takes a test off the card; Meituan hears of it with the next day's card."""
    binding = row.card.binding
    row.delete()
    _note(binding, actor)


def _note(binding: TakeawayStore, actor: Actor) -> None:
    audit.record("takeaway.card.set_up", actor=actor, store=binding.store, target=binding)
