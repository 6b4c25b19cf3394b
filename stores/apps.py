from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class StoresConfig(AppConfig):
    name = "stores"
    verbose_name = _("Back office")

    def ready(self) -> None:
        from stores import checks, schedules  # noqa: F401
        from stores.platforms.workers import queue

        queue.listen_for_results()
