from django.utils.translation import gettext_lazy as _

from stores.domains import Domain


class DeliveryConfig(Domain):
    name = "delivery"
    verbose_name = _("Delivery")
    verb_labels = {
        "wechat.accounts.synced": _("Read the accounts at couriers"),
    }
