"""What couriers answer to a signed question for the price from the store to its own address: it
costs nothing, and tells whether the secret is right and the store known.
"""

from collections.abc import Callable, Sequence

from django.utils.translation import gettext_lazy as _

from delivery.choices import Audit
from delivery.models import StoreCourier
from delivery.services.doctor.findings import Finding, Verdict, in_words, note, skipped
from delivery.services.doctor.heard import Heard
from delivery.services.doctor.judging import NOT_LET_IN
from delivery.services.places import distance_lazy
from delivery.wire.answers import CourierRefused
from delivery.wire.orders import RemoteQuote
from delivery.wire.refusals import is_about_store, is_wrong_signature
from stores.drills.results import Remark
from stores.platforms.errors import PlatformError

# Metres from the store to itself, beyond which the courier fetches elsewhere.
ELSEWHERE = 1000
Answer = RemoteQuote | PlatformError | None
# What one courier's answer says: whether it is right (None: nobody knows), and words for it.
Line = tuple[bool | None, tuple[Remark, ...], tuple[Remark, ...]]
NO_COURIERS = _("This store has no couriers yet.")


def of_secrets(heard: Heard, couriers: Sequence[StoreCourier]) -> Finding:
    return _of_all("secret", heard, couriers, _of_secret)


def of_stores(heard: Heard, couriers: Sequence[StoreCourier]) -> Finding:
    return _of_all("shop_no", heard, couriers, _of_store)


def _of_all(
    name: str,
    heard: Heard,
    couriers: Sequence[StoreCourier],
    of_one: Callable[[StoreCourier, Answer], Line],
) -> Finding:
    if heard.login is not None:
        return skipped(name, NOT_LET_IN)
    if not couriers:
        return skipped(name, NO_COURIERS)
    waiting = _not_passed(heard)
    lines = [
        _later(each)
        if (each.account.delivery_id, each.account.shopid) in waiting
        else of_one(each, heard.quotes.get(each.pk))
        for each in couriers
    ]
    rights = [is_right for is_right, _said, _todo in lines]
    verdict = Verdict.OK if True in rights else Verdict.SKIPPED
    verdict = Verdict.WRONG if False in rights else verdict
    said = tuple(each for _right, words, _todo in lines for each in words)
    todo = tuple(each for _right, _said, words in lines for each in words)
    return Finding(name, verdict, said, todo)


def _not_passed(heard: Heard) -> set[tuple[str, str]]:
    """Returns the accounts that WeChat lists and calls nobody for: the check of them says why."""
    rows = heard.accounts if isinstance(heard.accounts, list) else []
    return {(row.delivery_id, row.shopid) for row in rows if row.audit != Audit.PASSED}


def _later(courier: StoreCourier) -> Line:
    said = _("%(courier)s: is checked once its account has passed.")
    return None, note(said, courier=courier.account.courier), ()


def _of_secret(courier: StoreCourier, answer: Answer) -> Line:
    name = courier.account.courier
    if not courier.has_secret:
        said = note(_("%(courier)s: no AppSecret is entered."), courier=name)
        return False, said, note(COPY_SECRET)
    if isinstance(answer, RemoteQuote):
        return True, note(_("%(courier)s: right."), courier=name), ()
    if not isinstance(answer, CourierRefused):
        return None, _unheard(name, answer), ()
    if is_wrong_signature(courier.account.delivery_id, answer.code, answer.message):
        said = note(
            _("%(courier)s: the AppSecret is wrong (%(words)s)."),
            courier=name,
            words=answer.detail,
        )
        return False, said, note(COPY_SECRET)
    # Couriers look at the signature first.
    said = note(
        _("%(courier)s: right, but it would not come (%(words)s)."),
        courier=name,
        words=answer.detail,
    )
    return True, said, ()


def _of_store(courier: StoreCourier, answer: Answer) -> Line:
    name, shop_no = courier.account.courier, courier.shop_no or "–"
    if isinstance(answer, RemoteQuote):
        if answer.distance is not None and answer.distance > ELSEWHERE:
            said = note(
                _("%(courier)s fetches %(distance)s away from your address (number %(shop_no)s)."),
                courier=name,
                distance=distance_lazy(answer.distance),
                shop_no=shop_no,
            )
            return False, said, note(CORRECT_STORE)
        said = note(
            _("%(courier)s knows the store (number %(shop_no)s)."), courier=name, shop_no=shop_no
        )
        return True, said, ()
    if not isinstance(answer, CourierRefused):
        return None, _unheard(name, answer), ()
    if is_wrong_signature(courier.account.delivery_id, answer.code, answer.message):
        said = note(_("%(courier)s: needs the right AppSecret first."), courier=name)
        return None, said, ()
    words = answer.detail
    if is_about_store(answer.message):
        said = note(
            _("%(courier)s does not fetch at the store (number %(shop_no)s): %(words)s"),
            courier=name,
            shop_no=shop_no,
            words=words,
        )
        return False, said, note(CORRECT_STORE)
    said = note(_("%(courier)s gave another reason: %(words)s"), courier=name, words=words)
    return None, said, ()


def _unheard(name: str, answer: Answer) -> tuple[Remark, ...]:
    if isinstance(answer, PlatformError):
        return note(_("%(courier)s: %(words)s"), courier=name, words=in_words(answer))
    return note(_("%(courier)s was not asked."), courier=name)


COPY_SECRET = _(
    "Copy the AppSecret from the courier's own console into the store's page: it stands beside the"
    " account there, and is another one than WeChat's."
)
CORRECT_STORE = _(
    "Compare the number of the store with the courier's console, and the address that stands for it"
    " there with yours; the store must be open there."
)
