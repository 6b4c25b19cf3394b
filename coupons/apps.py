from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CouponsConfig(AppConfig):
    name = "coupons"
    verbose_name = _("Coupons")

    def ready(self) -> None:
        from coupons import checks, contributions  # noqa: F401
        from coupons.services import operations  # noqa: F401
