from django.utils.translation import gettext_lazy as _

from stores.domains import Domain


class MessagingConfig(Domain):
    name = "messaging"
    verbose_name = _("Messaging")
