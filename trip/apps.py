from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class TripConfig(AppConfig):
    name = "trip"
    verbose_name = _("Tickets")

    def ready(self) -> None:
        from trip import checks, contributions  # noqa: F401
        from trip.services import notices  # noqa: F401
