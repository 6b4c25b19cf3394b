from django.utils.translation import gettext_lazy as _

from stores.domains import Domain


class MessagingConfig(Domain):
    name = "messaging"
    verbose_name = _("Messaging")
    registers = (
        "messaging.services.acting",
        "messaging.services.reading",
        "messaging.services.chat.connecting",
        "messaging.services.chat.sending",
        "messaging.services.chat.presence",
        "messaging.webhooks.handlers",
    )
