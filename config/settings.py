"""Wiring only; every value that differs between machines comes from config/env.py."""

import os
from datetime import timedelta

import django_stubs_ext
from csp.constants import NONE, SELF, UNSAFE_EVAL, UNSAFE_INLINE
from django.templatetags.static import static
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

from config.env import BASE_DIR, DEV_CREDENTIAL_KEY, DEV_SECRET, VAR_DIR, database, env
from config.outbox import OutboxSettings
from config.printing import PrintingSettings

# Lets annotations like QuerySet[Store] be evaluated at run time.
django_stubs_ext.monkeypatch()

DEBUG = env.bool("DEBUG", False)
SECRET_KEY = env.str("SECRET_KEY", DEV_SECRET)
CREDENTIAL_KEYS: list[str] = env.list("CREDENTIAL_KEYS", default=[DEV_CREDENTIAL_KEY])
HASH_KEY: str = env.str("HASH_KEY", DEV_SECRET)
ALLOWED_HOSTS: list[str] = env.list(
    "ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]", "testserver"]
)
PUBLIC_BASE_URL: str = env.str(
    "PUBLIC_BASE_URL", f"http://127.0.0.1:{env.int('PORT', 8000)}"
).rstrip("/")
HTTPS = env.bool("HTTPS", PUBLIC_BASE_URL.startswith("https://"))
TRUSTED_PROXIES: int = env.int("TRUSTED_PROXIES", 0)
# Said by who runs it (stores.checks): the proxy in front reads a request wholly before it is sent
# on.
PROXY_BUFFERS = env.bool("PROXY_BUFFERS", False)
# Django would have every installation promise https for its whole domain: that is
# HSTS_WHOLE_DOMAIN.
SILENCED_SYSTEM_CHECKS: list[str] = [
    "security.W005",
    "security.W021",
    *env.list("SILENCED_SYSTEM_CHECKS", default=[]),
]

INSTALLED_APPS = [
    "stores",
    "coupons",
    "trip",
    "messaging",
    "delivery",
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.filters",
    "config.apps.BackOfficeConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "csp",
    "django_q",
]

MIDDLEWARE = [
    "stores.web.middleware.headers_of_every_answer",
    "stores.web.middleware.health_under_any_name",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "stores.web.middleware.unavailable_when_database_is",
    "stores.web.middleware.answered_early",
    "stores.web.middleware.refused_when_the_body_is_cut",
    "stores.web.middleware.told_when_a_key_is_missing",
    "stores.web.middleware.address_for_the_audit",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "stores.web.middleware.ChineseFirstLocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    # Before the first one that reads the form.
    "stores.web.middleware.long_forms_refused",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "stores.web.viewing.read_only_while_viewing",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "stores.web.middleware.PolicyMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "stores.backoffice.menu.in_templates",
            ],
        },
    },
]

# Bytes of a request; Meituan may name all visitors of an order of 10 000 tickets in one.
DATA_UPLOAD_MAX_MEMORY_SIZE = 8_000_000
FILE_UPLOAD_HANDLERS = ["stores.web.uploads.RefusedUpload"]

DATABASES = {"default": database()}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = reverse_lazy("admin:login")
LOGIN_REDIRECT_URL = reverse_lazy("admin:index")

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "中文"), ("en", "English")]
# One way to write a moment, beside dates in each language's own way.
FORMAT_MODULE_PATH = "config.formats"
LOCALE_PATHS = [BASE_DIR / "locale", BASE_DIR / "locale" / "vendor"]
TIME_ZONE = "Asia/Shanghai"
USE_I18N = USE_TZ = True

STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_STORAGE_BACKEND = (
    "django.contrib.staticfiles.storage.StaticFilesStorage"
    if DEBUG
    else "whitenoise.storage.CompressedManifestStaticFilesStorage"
)
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": env.str("STATICFILES_BACKEND", STATICFILES_STORAGE_BACKEND)},
}

# Without collected files (development, tests) they are served from where they lie.
WHITENOISE_AUTOREFRESH = WHITENOISE_USE_FINDERS = DEBUG

# The __Host- prefix makes browsers refuse a cookie that another host of the domain has set.
SESSION_COOKIE_NAME = "__Host-session" if HTTPS else "session"
SESSION_COOKIE_AGE = 7 * 24 * 3600
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = SECURE_SSL_REDIRECT = HTTPS
LANGUAGE_COOKIE_SAMESITE = "Lax"
SECURE_HSTS_SECONDS = env.int("HSTS_SECONDS", 31_536_000 if HTTPS else 0)
# Only the owner of the whole domain can promise https for all of its hosts; browsers remember it.
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = env.bool("HSTS_WHOLE_DOMAIN", False)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXIES else None
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CSRF_TRUSTED_ORIGINS = [PUBLIC_BASE_URL]
CSRF_FAILURE_VIEW = "stores.web.errors.csrf_failure"

# The policy of our own pages; only the admin shell (Alpine.js) gets ADMIN_CSP, from
# stores.backoffice.site.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "media-src": [SELF, "blob:"],
        "object-src": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}
ADMIN_CSP = {"script-src": [SELF, UNSAFE_EVAL, UNSAFE_INLINE], "style-src": [SELF, UNSAFE_INLINE]}

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["stores.api.authentication.ApiKeyAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["stores.api.authentication.HasScope"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "stores.api.problems.problem_details",
    "COERCE_DECIMAL_TO_STRING": True,
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": _("Zhanggui API"),
    "DESCRIPTION": _(
        "Verifies Meituan group coupons and serves Meituan ticket orders for a merchant's own "
        "systems.\n\n"
        "Send `Authorization: Bearer <key>`; the key is made in the back office. Bodies are JSON, "
        "times are ISO 8601, "
        "sums are yuan in strings. Errors are `application/problem+json` with a stable `code`. "
        "`Accept-Language: en` gives English texts, everything else Chinese ones."
    ),
    "VERSION": "1",
    "ENUM_NAME_OVERRIDES": {
        "VerificationStatus": "coupons.models.Verification.Status",
        "LookupStatus": "coupons.models.Lookup.Status",
        "BatchLineStatus": "coupons.api.batch_serializers.LINE_STATUSES",
        "Reason": "coupons.reasons.Reason",
        "TicketOrderStatus": "trip.models.Order.Status",
        "TicketRefundStatus": "trip.models.Refund.Status",
        "TakeawayOrderState": "messaging.choices.OrderState",
        "TakeawayRefundState": "messaging.choices.RefundState",
        "TakeawayDeliveryState": "messaging.choices.DeliveryState",
        "ChatDirection": "messaging.choices.Direction",
        "ChatMessageKind": "messaging.choices.MessageKind",
        "ChatMessageState": "messaging.choices.MessageState",
        "PrinterState": "messaging.choices.PrinterState",
        "ReceiptCopy": "messaging.choices.ReceiptCopy",
        "ReceiptState": "messaging.choices.PaperState",
        "PrintResult": "messaging.choices.PrintResult",
        "CallState": "stores.models.OutboundCall.State",
        "DeliveryStatus": "delivery.models.Delivery.State",
        "RiderState": "delivery.models.Attempt.State",
        "DeliveryMoment": "delivery.choices.Moment",
        "DeliveryPersonReason": "delivery.choices.ForPerson",
        "DeliveryCallBasis": "delivery.choices.Basis",
    },
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "stores.api.schema.bodies_are_required",
    ],
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_AUTHENTICATION": [],
    "SERVE_PERMISSIONS": [],
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
}

# The queue wakes workers, our tables are the ledger; stores.checks computes whether these figures
# fit together.
Q_CLUSTER = {
    "name": "zhanggui",
    "orm": "default",
    "workers": env.int("Q_WORKERS", 4),
    "queue_limit": env.int("Q_QUEUE_LIMIT", env.int("Q_WORKERS", 4)),
    "bulk": 1,
    "timeout": 90,
    "retry": 360,
    "max_attempts": 1,
    "ack_failures": True,
    "catch_up": False,
    "save_limit": -1,
    "poll": 0.2,
    "label": _("Task queue"),
}

# Overrides a domain's `pace_seconds`: <PLATFORM>_PACE_SECONDS, seconds between two calls of one
# account.
PACE_SECONDS: dict[str, float] = {
    name.removesuffix("_PACE_SECONDS").lower(): env.float(name)
    for name in os.environ
    if name.endswith("_PACE_SECONDS")
}
# What the platform's limit counts: each "account", or the "address" from which all accounts call,
# which then take turns.
PACE_SCOPE: dict[str, str] = {"umember": env.str("UMEMBER_PACE_SCOPE", "account")}
UMEMBER_BASE_URL: str = env.str("UMEMBER_BASE_URL", "http://mtopen.umember.cn")
UMEMBER_TIMEOUT: tuple[float, float] = (5.0, 15.0)
# Where Meituan takes notices about ticket orders, with the path before /order/pay/notice.
TRIP_NOTICE_BASE_URL: str = env.str(
    "TRIP_NOTICE_BASE_URL", "https://connectivity-adapter.meituan.com/rhone/mtp/api"
).rstrip("/")
# How far Meituan's clock may be from ours, in seconds: a signed call is worth nothing after that.
TRIP_DATE_WINDOW = env.float("TRIP_DATE_WINDOW", 600.0)
# Mails that people ask us to send; without EMAIL_URL they copy the text and send it themselves.
EMAIL_HOST = ""
if env.str("EMAIL_URL", ""):
    globals().update(env.email_url("EMAIL_URL"))
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.str("MAIL_FROM", "zhanggui@localhost")
# How our system is called in mails to Meituan, and where they go (docs/platforms/trip.md §2).
TRIP_PMS_NAME = env.str("TRIP_PMS_NAME", "掌柜")
TRIP_CHANGE_MAILS: list[str] = env.list(
    "TRIP_CHANGE_MAILS", default=["hb.trip.api@meituan.com", "ask.api@meituan.com"]
)
TRIP_TIMEOUT: tuple[float, float] = (5.0, 15.0)
TAKEAWAY_BASE_URL: str = env.str("TAKEAWAY_BASE_URL", "https://api-open-cater.meituan.com")
# Where a shop's owner binds a store, in a browser.
TAKEAWAY_BINDING_URL = (
    "https://open-erp.meituan.com"
    if TAKEAWAY_BASE_URL == "https://api-open-cater.meituan.com"
    else TAKEAWAY_BASE_URL
)
# A button leads there, and browsers count that as where its form goes.
ADMIN_CSP["form-action"] = [f"{TAKEAWAY_BINDING_URL}/"]
TAKEAWAY_TIMEOUT: tuple[float, float] = (3.0, 10.0)
# Where the sockets of its chat are; empty: at the platform's own server, or with its sandbox.
TAKEAWAY_WS_URL: str = env.str("TAKEAWAY_WS_URL", "").rstrip("/")
# Sockets per store, each of which hears everything: one may die unnoticed for some seconds.
TAKEAWAY_SOCKETS = env.int("TAKEAWAY_SOCKETS", 2)
# Seconds between two signs of life on a socket; one without an answer means that it is dead.
TAKEAWAY_BEAT_SECONDS = env.float("TAKEAWAY_BEAT_SECONDS", 10.0)
# The path at which a provider that takes orders uploads pictures of the 安心卡; not published.
TAKEAWAY_CARD_PICTURE_PATH: str = env.str(
    "TAKEAWAY_CARD_PICTURE_PATH", "/waimai/ng/card/uploadCardImage"
)
# The path at which evidence against a customer is uploaded, which is not published. The demo's
# sandbox takes it where it takes the pictures of cards.
TAKEAWAY_EVIDENCE_PATH: str = env.str(
    "TAKEAWAY_EVIDENCE_PATH", TAKEAWAY_CARD_PICTURE_PATH if "ZHANGGUI_DEMO" in os.environ else ""
)
# The networks in which receipt printers may be, as 192.168.1.0/24, or with the only port there as
# 192.168.1.50:9100; nothing else is connected to. The demo names its own printer here.
TAKEAWAY_PRINTER_NETWORKS: list[str] = env.list("TAKEAWAY_PRINTER_NETWORKS", default=[])
PRINTING = PrintingSettings()
WECHAT_BASE_URL: str = env.str("WECHAT_BASE_URL", "https://api.weixin.qq.com")
# Tiles of a map for the receiver's page, with {z}, {x} and {y} (or {-y}); empty: a sketch only.
TRACKING_TILES_URL: str = env.str("TRACKING_TILES_URL", "")
# The coordinates in which they are drawn: gcj02 (Amap, Tencent), wgs84 (OpenStreetMap) or bd09.
TRACKING_TILES_SYSTEM: str = env.str("TRACKING_TILES_SYSTEM", "gcj02")
# Whose they are, as it has to be said beside them.
TRACKING_TILES_CREDIT: str = env.str("TRACKING_TILES_CREDIT", "")
WECHAT_TIMEOUT: tuple[float, float] = (3.0, 10.0)
OUTBOX = OutboxSettings()
LEASE = timedelta(seconds=env.float("LEASE_SECONDS", 45.0))
# The longest that one request to a platform may take; a lease must outlast it (stores.checks).
REQUEST_SECONDS = 20.0
DRAIN_SECONDS = 10.0
WEB_SENDERS = env.int("WEB_SENDERS", 8)
WEB_WAITERS = env.int("WEB_WAITERS", 16)
# Per API key, over all processes; 0 means no limit.
API_REQUESTS_PER_MINUTE = env.int("API_REQUESTS_PER_MINUTE", 6000)
HEARTBEAT_STALE = timedelta(seconds=env.float("HEARTBEAT_STALE_SECONDS", 60.0))

CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "filters": {
        "no_trace": {"()": "stores.web.logs.NoTraceOfRefusals"},
        "no_secrets": {"()": "stores.web.logs.NoSecretAddresses"},
    },
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": "line",
            "filters": ["no_trace", "no_secrets"],
        }
    },
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", "INFO")},
    # urllib3 warns of garbled answers with the address that was asked, and thus with coupon codes.
    "loggers": {"django-q": {"level": "WARNING"}, "urllib3": {"level": "ERROR"}},
}

# The shades of our colour, which the pages outside the admin shell and the icon have too.
VIOLET = {
    "50": "#f5f3ff",
    "100": "#ede9fe",
    "200": "#ddd6fe",
    "300": "#c4b5fd",
    "400": "#a78bfa",
    "500": "#8b5cf6",
    "600": "#6d28d9",
    "700": "#5b21b6",
    "800": "#4c1d95",
    "900": "#3b1676",
    "950": "#2e1065",
}
UNFOLD = {
    "SITE_TITLE": _("Zhanggui"),
    "SITE_HEADER": _("Zhanggui"),
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("stores/icon.svg")}
    ],
    "SITE_ICON": lambda request: static("stores/icon.svg"),
    "COLORS": {"primary": VIOLET},
    "STYLES": [
        lambda request: static("stores/admin.css"),
        lambda request: static("stores/shell.css"),
        lambda request: static("stores/lists.css"),
        lambda request: static("stores/forms.css"),
        lambda request: static("stores/phone.css"),
    ],
    "SCRIPTS": [
        lambda request: static("stores/admin.js"),
        lambda request: static("stores/tabs.js"),
        lambda request: static("stores/forms.js"),
    ],
    "SHOW_LANGUAGES": True,
    "SHOW_VIEW_ON_SITE": False,
    "LOGIN": {"form": "stores.backoffice.signin.SignInForm"},
    "DASHBOARD_CALLBACK": "stores.backoffice.dashboard.dashboard",
    "SIDEBAR": {
        "show_search": False,
        "show_all_applications": False,
        "navigation": "stores.backoffice.menu.navigation",
    },
    "TABS": "stores.backoffice.menu.tabs",
}
