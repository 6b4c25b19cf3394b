"""A receiver says that the goods did not come, and the shop settles it."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from delivery.choices import ForPerson
from delivery.models import Delivery, DeliveryStore, ReceiverCase
from stores import audit
from stores.audit import Actor, name_of
from stores.conflicts import Conflict
from stores.text import clean_text, without_marks

LONGEST_TEXT = 200
# Of one delivery; then only the telephone helps.
MOST_CASES = 5


@transaction.atomic
def case_open(*, delivery: Delivery, text: str) -> ReceiverCase:
    """Tells the shop. Said twice, it is one case. Raises Conflict after too many of them.

    A waiting delivery whose store calls riders by itself is not put before a person with
    `needs_person`, because that would end the calling: the case alone says it
    (DeliveryQuerySet.needing_person).
    """
    row = Delivery.objects.locked(delivery.pk)
    cases = list(row.cases.all())
    if case := next((case for case in cases if case.closed_at is None), None):
        return case
    if len(cases) >= MOST_CASES:
        raise Conflict(_("You have told the shop several times. Please call it."))
    words = without_marks(clean_text(text, LONGEST_TEXT)).strip()
    case = row.cases.create(text=words)
    if not row.needs_person and not _calls_by_itself(row):
        row.needs_person, row.for_person = True, ForPerson.CASE
    row.save(update_fields=["needs_person", "for_person", "changed_at"])
    audit.record("delivery.case", actor=audit.GUEST, store=row.store, target=row)
    return case


@transaction.atomic
def case_close(*, case: ReceiverCase, actor: Actor) -> ReceiverCase:
    """Settles a case; one that is settled already stays as it is."""
    row = Delivery.objects.locked(case.delivery_id)
    case.refresh_from_db()
    if case.closed_at is not None:
        return case
    case.closed_at, case.closed_by = timezone.now(), name_of(actor)
    case.save(update_fields=["closed_at", "closed_by"])
    if row.for_person == ForPerson.CASE:
        # Otherwise something else has put it before a person.
        row.needs_person = False
    row.save(update_fields=["needs_person", "changed_at"])
    audit.record("delivery.case.closed", actor=actor, store=row.store, target=row)
    return case


def _calls_by_itself(row: Delivery) -> bool:
    stores = DeliveryStore.objects.filter(store=row.store_id, is_automatic=True)
    return row.state == Delivery.State.WAITING and stores.exists()
