from django.contrib.admin.apps import AdminConfig


class BackOfficeConfig(AdminConfig):
    """Django's admin with our own site behind `admin.site`."""

    default_site = "stores.backoffice.site.BackOffice"
