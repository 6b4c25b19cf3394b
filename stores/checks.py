"""System checks: the process refuses to start with settings that would lose money, secrets or
tasks.
"""

from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import urlsplit

from cryptography.fernet import Fernet
from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register

from stores.platforms.workers.queue import needed_retry

Apps = Sequence[AppConfig] | None
LOOPBACK = ("localhost", "127.0.0.1", "::1")
NEW_KEY = (
    'python -c "from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())"'
)
QUEUE_HINT = (
    "See Q_CLUSTER in config/settings.py; the queue is a doorbell, retries live in our own tables."
)


def is_plain_http(url: str) -> bool:
    """Returns whether requests to this address cross a network unencrypted."""
    parts = urlsplit(url)
    return parts.scheme != "https" and parts.hostname not in LOOPBACK


def fits_request_seconds(setting: str, *, id: str) -> list[CheckMessage]:
    """Checks a platform's timeouts (seconds to connect and to read) against REQUEST_SECONDS.

    The lease is computed from REQUEST_SECONDS, so their sum must not be longer.
    """
    longest = sum(getattr(settings, setting))
    if longest <= settings.REQUEST_SECONDS:
        return []
    limit = f"more than REQUEST_SECONDS ({settings.REQUEST_SECONDS:g} s)"
    return [Error(f"{setting} adds up to {longest:g} s, {limit}.", id=id)]


def not_plain_http(setting: str, *, sends: str, advice: str, id: str) -> list[CheckMessage]:
    """Checks a platform's address:

    `sends` names the secrets that plain http would show to the network.
    """
    address = getattr(settings, setting)
    if not is_plain_http(address):
        return []
    hint = f"{advice}, or accept it with SILENCED_SYSTEM_CHECKS={id}."
    return [Warning(f"{setting} is {address}: {sends} travel in the clear.", hint=hint, id=id)]


@register
def queue_arithmetic(app_configs: Apps, **kwargs: Any) -> list[CheckMessage]:
    """Checks the queue's figures: django-q2 repeats or loses tasks when they do not fit
    together.
    """
    conf = settings.Q_CLUSTER
    figures = ("workers", "queue_limit", "bulk", "timeout", "retry")
    if missing := [name for name in figures if not _is_positive(conf.get(name))]:
        text = f"Q_CLUSTER needs positive numbers for {', '.join(missing)}."
        return [Error(text, hint=QUEUE_HINT, id="stores.E001")]
    return [*_wrong_figures(conf), *_wrong_switches(conf)]


def _is_positive(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value > 0


def _wrong_figures(conf: dict[str, Any]) -> Iterable[CheckMessage]:
    if conf["retry"] <= needed_retry(conf):
        yield Error(
            f"Q_CLUSTER retry is {conf['retry']} s but must exceed {needed_retry(conf):g} s, "
            "or tasks that wait in a worker's memory are handed out twice.",
            hint="retry > (ceil((queue_limit + bulk) / workers) + 1) × timeout",
            id="stores.E002",
        )
    longest = settings.DRAIN_SECONDS + settings.LEASE.total_seconds()
    if conf["timeout"] <= longest:
        yield Error(
            f"Q_CLUSTER timeout is {conf['timeout']} s but must exceed {longest:g} s, "
            "or the cluster kills a worker in the middle of a call.",
            hint="timeout > DRAIN_SECONDS + LEASE",
            id="stores.E003",
        )


def _wrong_switches(conf: dict[str, Any]) -> Iterable[CheckMessage]:
    wanted = {"max_attempts": 1, "ack_failures": True, "catch_up": False}
    for name, value in wanted.items():
        if conf.get(name) != value:
            yield Error(f"Q_CLUSTER {name} must be {value}.", hint=QUEUE_HINT, id="stores.E004")
    if conf.get("orm") not in settings.DATABASES:
        yield Error(
            "Q_CLUSTER must use the ORM broker: a ring and the row it is for commit together.",
            hint='"orm": "default"',
            id="stores.E005",
        )


@register
def lease_outlasts_requests(app_configs: Apps, **kwargs: Any) -> list[CheckMessage]:
    """Checks that a lease outlasts its request: a second process could otherwise send the same
    call.
    """
    if settings.LEASE.total_seconds() >= 2 * settings.REQUEST_SECONDS:
        return []
    return [
        Error(
            f"LEASE is {settings.LEASE.total_seconds():g} s but must be at least twice "
            "REQUEST_SECONDS "
            f"({settings.REQUEST_SECONDS:g} s): a try may log in before it sends.",
            id="stores.E006",
        )
    ]


@register(Tags.security)
def credential_keys(app_configs: Apps, **kwargs: Any) -> list[CheckMessage]:
    """Checks that the key list is usable: otherwise no credential can be written or read."""
    keys = [key for key in settings.CREDENTIAL_KEYS if key]
    if not keys:
        return [Error("CREDENTIAL_KEYS is empty.", hint=NEW_KEY, id="stores.E007")]
    wrong = [position for position, key in enumerate(keys, 1) if not _is_fernet_key(key)]
    return [
        Error(
            f"CREDENTIAL_KEYS: key {position} is not 32 url-safe base64 bytes.",
            hint=NEW_KEY,
            id="stores.E008",
        )
        for position in wrong
    ]


def _is_fernet_key(key: str) -> bool:
    try:
        Fernet(key)
    except ValueError:
        return False
    return True


@register(Tags.security)
def default_secrets(app_configs: Apps, **kwargs: Any) -> list[CheckMessage]:
    """Checks that no secret is the development default, which is public."""
    if settings.DEBUG:
        return []
    defaults = {
        "SECRET_KEY": settings.DEV_SECRET in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS),
        "HASH_KEY": settings.HASH_KEY in (settings.DEV_SECRET, ""),
        "CREDENTIAL_KEYS": settings.DEV_CREDENTIAL_KEY in settings.CREDENTIAL_KEYS,
    }
    return [
        Error(
            f"{name} is the development default, which everybody knows.",
            hint=(
                "Set it in the environment or in .env (README, production); DEBUG=1 allows it "
                "while developing."
            ),
            id="stores.E009",
        )
        for name, is_default in defaults.items()
        if is_default
    ]


@register(Tags.security)
def public_address(app_configs: Apps, **kwargs: Any) -> list[CheckMessage]:
    """Checks that guests, staff and platforms reach us through https."""
    if settings.DEBUG or not is_plain_http(settings.PUBLIC_BASE_URL):
        return []
    return [
        Error(
            f"PUBLIC_BASE_URL is {settings.PUBLIC_BASE_URL}: passwords, coupon codes and callbacks "
            "would travel "
            "in the clear.",
            hint="Serve it through https and set PUBLIC_BASE_URL to the https address.",
            id="stores.E010",
        )
    ]


@register(Tags.security, deploy=True)
def proxies(app_configs: Apps, **kwargs: Any) -> list[CheckMessage]:
    """Checks that proxies are counted.

    Behind an uncounted proxy all people share its address and its limits, and https is not seen.
    """
    if settings.TRUSTED_PROXIES or not settings.PUBLIC_BASE_URL.startswith("https://"):
        return []
    return [
        Warning(
            "PUBLIC_BASE_URL is https but TRUSTED_PROXIES is 0: whatever ends https in front of us "
            "is not believed, "
            "so its requests are redirected for ever, and limits per address would count all "
            "people as one.",
            hint="Set TRUSTED_PROXIES to the number of proxies in front, usually 1.",
            id="stores.W001",
        )
    ]


@register(Tags.security, deploy=True)
def buffering(app_configs: Apps, **kwargs: Any) -> list[CheckMessage]:
    """Asks for a proxy that reads requests wholly; we cannot see whether one does."""
    if settings.PROXY_BUFFERS:
        return []
    return [
        Warning(
            "Nobody has said that a buffering proxy stands in front (PROXY_BUFFERS): as many slow "
            "senders as there are threads would keep everybody else waiting.",
            hint="Put nginx in front, which buffers requests; then PROXY_BUFFERS=1.",
            id="stores.W002",
        )
    ]


@register(Tags.security, deploy=True)
def own_names(app_configs: Apps, **kwargs: Any) -> list[CheckMessage]:
    """Checks that only our own host names are answered: links are made from what a caller names."""
    if "*" not in settings.ALLOWED_HOSTS:
        return []
    return [
        Error(
            "ALLOWED_HOSTS is *: everybody could have pages and links made under their own name.",
            hint="Name the hosts; health checks are answered under any name anyway.",
            id="stores.E011",
        )
    ]
