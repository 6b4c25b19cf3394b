"""Loaded by pytest before Django's settings (-p tests.environment): the environment that the suite
runs in.
"""

import os

os.environ.setdefault("ENV_FILE", "/nonexistent")
os.environ.setdefault("DEBUG", "1")
os.environ.setdefault("LOG_LEVEL", "WARNING")
