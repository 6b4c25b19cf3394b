from django.utils.translation import gettext_lazy as _

from stores.models import DrillRun as Run


class DrillRun(Run):
    """Runs of the delivery drill (配送演练), as a list of their own."""

    class Meta:
        proxy = True
        verbose_name = _("delivery drill")
        verbose_name_plural = _("delivery drills")
