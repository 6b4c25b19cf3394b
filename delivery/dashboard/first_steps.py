"""The first steps of a merchant that begins to call couriers."""

from django.contrib.auth.models import User
from django.urls import reverse
from django.utils.translation import gettext as _

from delivery.choices import PLATFORM
from delivery.models import CourierAccount, Delivery, DeliveryStore, DoctorRun, StoreCourier
from stores.backoffice.first_steps import steps_towards
from stores.backoffice.widgets import Step
from stores.models import Connection


def steps(user: User) -> list[Step]:
    """The steps of a merchant with a mini-program up to the first delivery, then none.

    A merchant without any connection gets one step that says that riders can be called too.
    """

    def further(connection: Connection) -> list[Step]:
        entered = Delivery.objects.for_staff(user).filter(is_drill=False).order_by()
        return [] if entered.exists() else _steps_of(connection)

    return steps_towards(user, PLATFORM, start=_start(), further=further)


def _steps_of(connection: Connection) -> list[Step]:
    accounts = CourierAccount.objects.usable().filter(connection=connection)
    couriers = StoreCourier.objects.filter(place__connection=connection, is_active=True)
    place = DeliveryStore.objects.filter(connection=connection).order_by("pk").first()
    run = DoctorRun.objects.filter(place=place).first() if place else None
    return [
        Step(
            _("Connect your mini-program"),
            _("Its page says what to do at WeChat, and reads your accounts at couriers."),
            accounts.exists(),
            reverse("admin:stores_connection_change", args=[connection.pk]),
        ),
        Step(
            _("Add a store with its address"),
            _("From where couriers fetch, and with which of the accounts."),
            couriers.exists(),
            _page_of_store(place, connection),
        ),
        Step(
            _("Check the set-up"),
            _("Ten questions in twenty seconds; each answer says what to do."),
            bool(run and run.is_clean),
            reverse("delivery:doctor", args=[place.pk]) if place else "",
        ),
        Step(
            _("Enter the first order"),
            _("By hand, from a table, or from your own system."),
            False,
            reverse("delivery:new") if place else "",
        ),
    ]


def _page_of_store(place: DeliveryStore | None, connection: Connection) -> str:
    if place:
        return reverse("admin:delivery_deliverystore_change", args=[place.pk])
    return f"{reverse('admin:delivery_deliverystore_add')}?connection={connection.pk}"


def _start() -> Step:
    return Step(
        _("Or call riders for your own orders"),
        _("Connect your mini-program for WeChat instant delivery."),
        False,
        f"{reverse('admin:stores_connection_add')}?platform={PLATFORM}",
    )
