"""Our database and hash key, and nothing of our middleware and apps."""

from config import settings as ours

SECRET_KEY = ours.SECRET_KEY
HASH_KEY = ours.HASH_KEY
ALLOWED_HOSTS = ours.ALLOWED_HOSTS
DATABASES = ours.DATABASES
DEFAULT_AUTO_FIELD = ours.DEFAULT_AUTO_FIELD
USE_TZ = True
LOGGING = ours.LOGGING
INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "rest_framework",
    "tests.bench.bare",
]
# Only for Content-Length, without which an answer costs a second write.
MIDDLEWARE = ["django.middleware.common.CommonMiddleware"]
ROOT_URLCONF = "tests.bench.bare.urls"
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": [],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "UNAUTHENTICATED_USER": None,
}
