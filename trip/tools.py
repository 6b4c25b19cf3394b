"""What the back office can do with a ticket connection: test it."""

from django.contrib.auth.models import User
from django.utils.translation import gettext_lazy as _

from stores.models import Connection
from trip import services


class TripTools:
    """Implements stores.platforms.tools.PlatformTools for the ticket interfaces."""

    works = _(
        "The credentials are complete. Whether they are right, Meituan's first call will show."
    )

    def test(self, *, connection: Connection, user: User) -> str:
        return services.connection_check(connection=connection, actor=user)
