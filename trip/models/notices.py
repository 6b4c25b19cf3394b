from django.utils.translation import gettext_lazy as _

from stores.models import OutboundCall


class MeituanNotice(OutboundCall):
    """Outbound calls to Meituan's ticket interfaces (通知美团), as a list of their own."""

    class Meta:
        proxy = True
        verbose_name = _("notice to Meituan")
        verbose_name_plural = _("notices to Meituan")
