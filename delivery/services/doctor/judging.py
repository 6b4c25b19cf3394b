"""What WeChat's answers mean for a store's set-up."""

import re
from collections.abc import Sequence

from django.utils.translation import gettext_lazy as _

from delivery.choices import Audit
from delivery.models import StoreCourier
from delivery.reasons import NOT_OPENED
from delivery.services.doctor.findings import Finding, found, in_words, note, skipped
from delivery.services.doctor.heard import Heard
from delivery.services.samples import TEST_COURIER
from delivery.wire.bindings import RemoteAccount
from delivery.wire.couriers import courier_of
from stores.drills.results import Remark
from stores.platforms.errors import PlatformError, Refused
from stores.text import listed_lazy

NOT_LET_IN = _("WeChat does not let us in yet: put right what stands above first.")
OURSELVES = _(
    "Until then you can deliver yourselves: own people stand on the same board, and the receiver's"
    " page and the codes work as with a courier."
)
BIND = _(
    "Bind your account at each courier in WeChat's console (功能 → 即时配送), and check again. When"
    " 达达 says 已开通其他渠道, the account belongs to another mini-program or shop system already:"
    " have 达达's service release it, or register another 达达 account with another phone number."
)
WHITE_LIST = _(
    "Put it on the list in WeChat's console (开发管理 → 开发设置 → IP白名单), wait some"
    " minutes, and check again."
)
PROVIDERS_LIST = _(
    "Whoever runs this system puts it on the service provider's list at the open platform"
    " (第三方平台 → 开发资料 → 白名单IP地址列表). Then check again."
)
_ADDRESS = re.compile(r"40164:.*?invalid ip ([0-9a-fA-F.:]+)|61004:.*?IP: ?([0-9a-fA-F.:]+)")
_OFF_LIST = re.compile("40164:|61004:")
_TAKEN = "the token is rejected right after login"


def of_token(heard: Heard) -> Finding:
    if heard.login is None:
        said = _("WeChat accepts AppID and AppSecret.")
        if heard.has_provider:
            said = _("WeChat lets the service provider act for the mini-program.")
        return found("token", note(said), is_right=True)
    if _OFF_LIST.search(heard.login.detail):
        return skipped("token", _("WeChat does not answer our address (see the next point)."))
    return found("token", note(in_words(heard.login)))


def of_address(heard: Heard) -> Finding:
    if heard.login is None or heard.login.detail.startswith(_TAKEN):
        return found("address", note(_("WeChat answers our server.")), is_right=True)
    if not _OFF_LIST.search(heard.login.detail):
        return skipped("address", _("WeChat did not let us come so far (see the point above)."))
    named = _ADDRESS.search(heard.login.detail)
    said = note(_("WeChat refuses our server: its address is not on the white list."))
    todo = note(PROVIDERS_LIST if heard.has_provider else WHITE_LIST)
    return found("address", said, todo, copy=named[named.lastindex or 0] if named else "")


def of_opened(heard: Heard) -> Finding:
    if heard.login is not None:
        return skipped("opened", NOT_LET_IN)
    for answer in (heard.accounts, heard.couriers):
        if isinstance(answer, PlatformError):
            said = in_words(answer)
            if not isinstance(answer, Refused):
                return skipped("opened", said)
            is_closed = str(said) == str(NOT_OPENED)
            return found("opened", note(said), note(OURSELVES) if is_closed else ())
    count = len(_list(heard.couriers))
    said_all = note(_("WeChat offers %(count)d couriers."), count=count)
    return found("opened", said_all, is_right=True)


def of_bound(heard: Heard, couriers: Sequence[StoreCourier]) -> Finding:
    if not isinstance(heard.accounts, list):
        return skipped("bound", _("WeChat did not list the accounts (see the point above)."))
    real = [each for each in heard.accounts if each.delivery_id != TEST_COURIER]
    if not real:
        said = note(_("WeChat lists no account at a courier."))
        return found("bound", said, note(BIND) + note(OURSELVES))
    if not couriers:
        said = note(_("This store uses none of the accounts that WeChat lists."))
        return found("bound", said, note(_("Add couriers on the store's own page.")))
    listed = {(each.delivery_id, each.shopid) for each in real}
    gone = [each for each in couriers if _key(each) not in listed]
    if gone:
        names = listed_lazy([each.account.courier for each in gone])
        said = note(_("WeChat no longer lists: %(names)s."), names=names)
        return found("bound", said, note(BIND))
    names = listed_lazy([each.account.courier for each in couriers])
    return found("bound", note(_("Bound: %(names)s."), names=names), is_right=True)


def of_audit(heard: Heard, couriers: Sequence[StoreCourier]) -> Finding:
    if not isinstance(heard.accounts, list):
        return skipped("audit", _("WeChat did not list the accounts (see the point above)."))
    if not heard.accounts:
        return skipped("audit", _("There is no account that WeChat could have let through."))
    used = {_key(each) for each in couriers}
    rows = [each for each in heard.accounts if (each.delivery_id, each.shopid) in used]
    if not rows:
        return skipped("audit", _("This store uses none of the accounts that WeChat lists."))
    said: tuple[Remark, ...] = ()
    todo: tuple[Remark, ...] = ()
    for row in rows:
        if row.audit == Audit.WAITING:
            said += note(_("%(courier)s: WeChat still checks the account."), courier=_name(row))
            todo += note(_("Wait one to three working days, then check again."))
        elif row.audit != Audit.PASSED:
            said += note(_("%(courier)s: the account did not pass."), courier=_name(row))
            todo += note(
                _("WeChat's console says why (功能 → 即时配送). Correct it and bind it again.")
            )
    if said:
        return found("audit", said, todo)
    return found("audit", note(_("All accounts of this store have passed.")), is_right=True)


def _list(answer: object) -> list[object]:
    return answer if isinstance(answer, list) else []


def _key(courier: StoreCourier) -> tuple[str, str]:
    return courier.account.delivery_id, courier.account.shopid


def _name(account: RemoteAccount) -> str:
    return account.name or str(courier_of(account.delivery_id).name)
