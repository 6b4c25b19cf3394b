"""What is left to do until a mini-program, or a store, can call couriers."""

from collections.abc import Iterator

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from delivery.dashboard.providers import asked_text
from delivery.models import CourierAccount, DeliveryStore, DoctorRun, StoreCourier
from delivery.services.tickets import silence_of
from delivery.services.wechat import is_provider
from stores.backoffice.widgets import Step
from stores.fields import readable
from stores.models import Connection

PUSHED = _("Enter address, Token and EncodingAESKey below at WeChat, and save them there.")


def next_steps(connection: Connection) -> list[Step]:
    """Returns the steps of a connection, in order."""
    if is_provider(connection):
        return _of_provider(connection)
    if connection.parent_id:
        wanted = [_tested(connection), _asked(connection)]
        return [*wanted, *_of_couriers(connection), *_of_set_up(connection)]
    wanted = [*_let_in(connection), *_of_couriers(connection), _pushed(connection)]
    return [*wanted, *_of_set_up(connection)]


def store_steps(place: DeliveryStore) -> list[Step]:
    """Returns the steps of a store's own page."""
    couriers = [each for each in place.couriers.all() if each.is_active]
    return [
        Step(
            _("Add couriers"),
            _("Choose the accounts with which this store calls couriers."),
            bool(couriers),
        ),
        Step(
            _("Enter each courier's AppSecret"),
            _("It stands beside the account in the courier's own console."),
            bool(couriers) and all(each.has_secret for each in couriers),
        ),
        _checked(place),
    ]


def _checked(place: DeliveryStore) -> Step:
    run = DoctorRun.objects.filter(place=place).first()
    return Step(
        _("Check the set-up"),
        _("Ten questions in twenty seconds; each answer says what to do."),
        bool(run and run.is_clean),
        reverse("delivery:doctor", args=[place.pk]),
    )


def _of_set_up(connection: Connection) -> list[Step]:
    return [_checked(place) for place in connection.delivery_stores.order_by("pk")[:1]]


def _was_pushed(connection: Connection) -> bool:
    """Whether WeChat has pushed something; what the set-up check sends is our own."""
    return connection.inbound.filter(is_drill=False).exists()


def _is_tested(connection: Connection) -> bool:
    return bool(connection.checked_at) and not connection.last_error


def _tested(connection: Connection) -> Step:
    return Step(
        _("Test the connection"),
        _("Press “Test connection” on this page."),
        _is_tested(connection),
    )


def _asked(connection: Connection) -> Step:
    return Step(
        _("Ask the mini-program's administrator"),
        _("By a message of WeChat: to open instant delivery, and to bind couriers."),
        CourierAccount.objects.usable().filter(connection=connection).exists(),
        reverse("delivery:authorise"),
    )


def _let_in(connection: Connection) -> list[Step]:
    """The test finds out about all three: it signs in, and reads the accounts."""
    is_let_in = connection.state == Connection.State.WORKING
    return [
        Step(
            _("Test the connection"),
            _("Press “Test connection” on this page: WeChat then says whether the AppSecret fits."),
            is_let_in,
        ),
        Step(
            _("Put our address on the white list"),
            _(
                "In WeChat's console under 开发管理 → 开发设置 → IP白名单. When the address is not"
                " on it, the test names it."
            ),
            is_let_in,
        ),
        Step(
            _("Open instant delivery"),
            _(
                "In WeChat's console under 功能 → 即时配送. If that entry is missing, WeChat does"
                " not offer it to this mini-program."
            ),
            is_let_in and _is_tested(connection),
        ),
    ]


def _of_couriers(connection: Connection) -> list[Step]:
    add = f"{reverse('admin:delivery_deliverystore_add')}?connection={connection.pk}"
    accounts = CourierAccount.objects.usable().filter(connection=connection)
    couriers = StoreCourier.objects.filter(place__connection=connection, is_active=True)
    return [
        Step(
            _("Bind couriers"),
            _(
                "In WeChat's console under 即时配送: bind your account at each courier. Then press"
                " “Read courier accounts” on this page."
            ),
            accounts.exists(),
        ),
        Step(
            _("Add a store with its address"),
            _("From where couriers fetch, and with which of the accounts."),
            couriers.exists(),
            add,
        ),
    ]


def _pushed(connection: Connection) -> Step:
    return Step(_("Have WeChat push to us"), PUSHED, _was_pushed(connection))


def _of_provider(connection: Connection) -> list[Step]:
    known = readable(connection, "credentials", {}) or {}
    has_come = _was_pushed(connection) or "ticket" in known
    return [
        Step(_("Have WeChat push to us"), PUSHED, has_come),
        *_of_tickets(connection),
        _tested(connection),
        Step(
            _("A shop authorises the service provider"),
            _("Its connection then appears in the list by itself."),
            connection.children.exists(),
        ),
    ]


def _of_tickets(connection: Connection) -> Iterator[Step]:
    """Only where they have stopped."""
    if silence := silence_of(connection):
        text = _("None has come for more than half an hour. %(asked)s")
        yield Step(_("Have WeChat send tickets"), str(text) % {"asked": asked_text(silence)}, False)
