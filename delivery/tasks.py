"""The tasks of instant delivery that the queue runs."""

from delivery.drill import Drill
from delivery.models import Delivery, DoctorRun, DrillRun
from delivery.services import (
    authorising,
    doctor,
    forgetting,
    going_on,
    polling,
    renewing,
    tickets,
)
from delivery.services.bills import importing
from stores.drills import runner
from stores.platforms.workers import queue

# The queue limits how long a task may run, so a drill continues in the next task.
DRILL_SECONDS = 30.0


def go_on(delivery_id: int) -> None:
    # The drill takes its deliveries away again.
    if delivery := Delivery.objects.filter(pk=delivery_id).first():
        going_on.go_on(delivery)


def go_on_all() -> None:
    """Every ten seconds: the next riders, and the steps of the ladders."""
    for pk in going_on.waiting():
        queue.wake_worker("delivery.tasks.go_on", pk)
    for pk in going_on.steps_due():
        queue.wake_worker("delivery.tasks.take_step", pk)


def take_step(attempt_id: int) -> None:
    # A courier may take long to say what a cancellation costs.
    if attempt := going_on.attempts_without_rider().filter(pk=attempt_id).first():
        going_on.step_take(attempt)


def ask_due() -> None:
    """Every ten seconds: asks about riders of whom nothing was heard."""
    going_on.ask_due()


def read_quotas() -> None:
    """Each minute: how many calls are left today, of mini-programs with riders under way."""
    polling.quotas_read()


def forget_receivers() -> None:
    """Each day: removes who received and who rode, after the merchants' days."""
    forgetting.forget_receivers()


def exchange(authorisation_id: int) -> None:
    authorising.exchange(authorisation_id)


def exchange_owed() -> None:
    """Each minute: codes of authorisations that were not exchanged at once."""
    for pk in authorising.owed():
        authorising.exchange(pk)


def renew_tokens() -> None:
    """Each minute: tokens that end soon, of shops and of service providers."""
    renewing.renew_all()


def ask_for_tickets() -> None:
    """Every five minutes: service providers to whom WeChat has stopped pushing tickets."""
    tickets.ask_for_tickets()


def forget_files() -> None:
    """Each hour: bills whose columns nobody has chosen."""
    importing.forget_files()


def check_set_up(run_id: int) -> None:
    """Looks at a store's set-up, as a person has asked."""
    if run := DoctorRun.objects.filter(pk=run_id).first():
        doctor.carry_out(run)


def run_drill(run_id: int) -> None:
    """Goes on with a delivery drill; the next task goes on after DRILL_SECONDS."""
    if not runner.run(Drill(DrillRun.objects.get(pk=run_id)), seconds=DRILL_SECONDS):
        queue.wake_worker("delivery.tasks.run_drill", run_id)
