"""What has to be done once before web processes and workers can start."""

from django.apps import apps
from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.management.base import CommandError
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

# What collectstatic leaves out.
LEFT_OUT = ["CVS", ".*", "*~"]


def expect_migrated() -> None:
    """Raises CommandError while migrations are missing; a database that is away says nothing."""
    try:
        executor = MigrationExecutor(connection)
        plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError:
        return
    finally:
        connection.close()
        # Web processes are forked from this one: two that share a connection spoil each other's.
        if close_pool := getattr(connection, "close_pool", None):
            close_pool()
    if plan:
        raise CommandError(
            f"The database lacks {len(plan)} migrations of this version. "
            "Run first: python manage.py migrate"
        )


def expect_collected() -> None:
    """Raises CommandError while files of this version are missing among the collected ones."""
    if not apps.is_installed("django.contrib.staticfiles"):
        return
    collected = getattr(staticfiles_storage, "hashed_files", None)
    if collected is None:
        return
    files = (path for finder in get_finders() for path, _storage in finder.list(LEFT_OUT))
    missing = [path for path in files if path not in collected]
    if missing:
        raise CommandError(
            f"{len(missing)} static files of this version, as {missing[0]}, are not in "
            f"{settings.STATIC_ROOT}. Run first: python manage.py collectstatic --noinput"
        )
