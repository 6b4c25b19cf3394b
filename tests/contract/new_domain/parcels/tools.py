from stores.backoffice.connection_forms import ConnectionForm


class ParcelTools:
    """Implements stores.platforms.tools.PlatformTools."""

    works = "The courier answers."

    def test(self, *, connection, user):
        return ""


class ParcelConnectionForm(ConnectionForm):
    intro = "You need the number of your contract with the courier."
