"""What the back office can do with a developer account: test it."""

from django.contrib.auth.models import User
from django.utils.translation import gettext_lazy as _

from messaging.services import connecting
from stores.models import Connection


class TakeawayTools:
    """Implements stores.platforms.tools.PlatformTools for the takeaway platform."""

    works = _("Meituan accepts the developer account.")

    def test(self, *, connection: Connection, user: User) -> str:
        return connecting.developer_check(connection=connection, actor=user)
