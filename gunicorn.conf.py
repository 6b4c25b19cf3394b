"""gunicorn reads this file: `gunicorn -c gunicorn.conf.py config.wsgi`."""

import gc
import logging
import os
from typing import Any

from config.env import env

# Set before the application is loaded: web processes share a pool of connections, worker clusters
# must not (config/env.py).
os.environ.setdefault("DATABASE_POOL", "1")
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

bind = env.str("BIND", "127.0.0.1:8000")
worker_class = "gthread"
workers = env.int("WEB_WORKERS", 2)
# In WEB_SENDERS + WEB_WAITERS of them requests may wait for a platform; the rest always serve.
# With WEB_WORKERS × DATABASE_POOL_SIZE connections (2 × 16) PostgreSQL's usual 100 are plenty.
threads = env.int("WEB_THREADS", 32)
# A worker that does not answer its master this long is replaced; requests have their own timeouts.
timeout = 60
graceful_timeout = 15
keepalive = 15
accesslog = None
errorlog = "-"
loglevel = "info"
# Its socket lies in the user's home: several installations of one user would share it.
control_socket_disable = True
forwarded_allow_ips = env.str("FORWARDED_ALLOW_IPS", "127.0.0.1")

# What a proxy may set beside addresses and scheme: nothing. By default it could change the path.
forwarder_headers = ""


def on_starting(server: Any) -> None:
    """Refuses to serve with settings that the system checks refuse, and before migrate and
    collectstatic; gunicorn alone would not ask.
    """
    import django
    from django.core.management import CommandError, call_command

    django.setup()
    from stores.management.ready import expect_collected, expect_migrated

    try:
        call_command("check")
        expect_migrated()
        expect_collected()
    except CommandError as error:
        raise SystemExit(str(error)) from None


def post_worker_init(worker: Any) -> None:
    """Makes the first request itself: it builds URLs, admin and templates for half a second."""
    from django.conf import settings
    from django.test import Client
    from django.urls import reverse

    host = next(
        (name for name in settings.ALLOWED_HOSTS if not name.startswith((".", "*", "["))),
        "localhost",
    )
    try:
        Client(SERVER_NAME=host).get(reverse("admin:login"), secure=bool(settings.HTTPS))
    except Exception:
        logging.getLogger("gunicorn.error").exception("warming up failed")
    # Loaded objects stay; collecting them again and again would cost a tenth of every request.
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
