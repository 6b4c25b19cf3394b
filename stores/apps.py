from datetime import timedelta

from django.utils.translation import gettext_lazy as _

from stores.domains import Domain, Schedule


class StoresConfig(Domain):
    name = "stores"
    verbose_name = _("Back office")
    schedules = (
        Schedule("stores.tasks.sweep", timedelta(minutes=1)),
        Schedule("stores.tasks.prune", timedelta(days=1)),
    )
    task_titles = {
        "stores.tasks.deliver": _("Send to a platform"),
        "stores.tasks.handle": _("Handle a platform's message"),
        "stores.tasks.sweep": _("See to what was left lying"),
        "stores.tasks.beat": _("Sign of life of a worker"),
        "stores.tasks.prune": _("Remove old rows"),
    }
    verb_labels = {
        "connection tested": _("Tested a connection"),
        "credentials rotated": _("Re-encrypted the stored secrets"),
    }
    demo = "stores.demo.people.PeopleDemo"

    def ready(self) -> None:
        super().ready()
        from stores.platforms.workers import queue

        queue.listen_for_results()
