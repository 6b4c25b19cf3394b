"""The tasks of the takeaway platform that the queue runs."""

from messaging.services import accepting, customers, reconciling
from messaging.services.cards import asking, giving
from messaging.services.cards import forgetting as card_forgetting
from messaging.services.chat import asking as chat_asking
from messaging.services.chat import calling, forgetting
from messaging.services.printing import working
from stores.models import Connection
from stores.platforms.workers import queue


def reconcile_all() -> None:
    for pk in reconciling.developers().values_list("pk", flat=True):
        queue.wake_worker("messaging.tasks.reconcile", pk)


def reconcile(connection_id: int) -> None:
    reconciling.reconcile(Connection.objects.get(pk=connection_id))


def accept_due() -> None:
    accepting.accept_due()


def forget_addresses() -> None:
    customers.forget_addresses()


def forget_customers() -> None:
    customers.forget_customers()


def remove_old_chat() -> None:
    """Each day: removes the content of old conversations."""
    forgetting.remove_old_chat()


def call_shops() -> None:
    """Every ten seconds: prints slips for urgent messages at which nobody looks."""
    calling.call_shops()


def ask_cards() -> None:
    """Every half hour: whether the safety cards are signed and shown."""
    asking.ask_all()


def ask_rates() -> None:
    """Every six hours: the reply rates as Meituan counts them."""
    chat_asking.ask_all()


def send_cards() -> None:
    """Each minute: the safety cards of completed orders that still wait."""
    giving.send_owed()


def send_card(delivery_id: int) -> None:
    giving.card_send(delivery_id)


def forget_staff() -> None:
    """Each day: removes who stood on old safety cards."""
    card_forgetting.forget_staff()


def print_due() -> None:
    working.sweep()


def print_queued(printer_id: int) -> None:
    working.print_queued(printer_id)
