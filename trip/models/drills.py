from django.utils.translation import gettext_lazy as _

from stores.models import DrillRun as Run


class DrillRun(Run):
    """Runs of the acceptance drill (验收演练), as a list of their own."""

    class Meta:
        proxy = True
        verbose_name = _("acceptance drill")
        verbose_name_plural = _("acceptance drills")
