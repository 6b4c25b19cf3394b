"""Model fields encrypted under their own key list (CREDENTIAL_KEYS): the first key encrypts, all
decrypt.
"""

import hashlib
import hmac
import json
from functools import lru_cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import models
from django.db.models.query_utils import DeferredAttribute


class SecretUnreadable(Exception):
    """The stored value was encrypted under a key that CREDENTIAL_KEYS no longer lists."""


@lru_cache(maxsize=8)
def _fernet(keys: tuple[str, ...]) -> MultiFernet:
    try:
        return MultiFernet([Fernet(key) for key in keys])
    except ValueError as error:
        raise ImproperlyConfigured(
            f"CREDENTIAL_KEYS holds a key that is not 32 url-safe base64 bytes: {error}"
        ) from error


def encrypt(text: str) -> str:
    return _fernet(tuple(settings.CREDENTIAL_KEYS)).encrypt(text.encode()).decode()


def decrypt(token: str) -> str:
    """Returns the clear text. Raises SecretUnreadable instead of returning ciphertext."""
    try:
        return _fernet(tuple(settings.CREDENTIAL_KEYS)).decrypt(token.encode()).decode()
    except InvalidToken as error:
        raise SecretUnreadable("no key in CREDENTIAL_KEYS opens this value") from error


def reencrypt(token: str) -> str:
    """Returns the secret encrypted under the first key."""
    return _fernet(tuple(settings.CREDENTIAL_KEYS)).rotate(token.encode()).decode()


def is_current(token: str) -> bool:
    """Returns whether the first key decrypts the value, so that it need not be re-encrypted."""
    try:
        _fernet((settings.CREDENTIAL_KEYS[0],)).decrypt(token.encode())
    except InvalidToken:
        return False
    return True


def keyed_hash(text: str) -> str:
    """Returns a hash by which a value can be found but not read.

    HASH_KEY must therefore never change.
    """
    return hmac.new(settings.HASH_KEY.encode(), text.encode(), hashlib.sha256).hexdigest()


# Stands before ciphertext in files of `manage.py dumpdata`.
DUMPED = "encrypted:"


def _dumped(field: Any, row: models.Model) -> str:
    """The field's value in a row, as ciphertext for a dumped file."""
    ciphertext = field.get_prep_value(field.value_from_object(row))
    return f"{DUMPED}{ciphertext}" if ciphertext else ""


def _loaded(value: Any) -> Any:
    is_dumped = isinstance(value, str) and value.startswith(DUMPED)
    return decrypt(value.removeprefix(DUMPED)) if is_dumped else value


class Unreadable:
    """Stands in a row for a value that no key opens, so that the rest of the row can be read."""


class _Opened(DeferredAttribute):
    """An encrypted attribute. Raises SecretUnreadable where the value is used, not with the row."""

    def __get__(self, row: models.Model | None, model: Any = None) -> Any:
        value = super().__get__(row, model)
        if isinstance(value, Unreadable):
            raise SecretUnreadable("no key in CREDENTIAL_KEYS opens this value")
        return value

    def __set__(self, row: models.Model, value: Any) -> None:
        # Without it, Python would read the row's own attribute first.
        vars(row)[self.field.attname] = value


def readable(row: models.Model, name: str, otherwise: Any) -> Any:
    """Returns an encrypted attribute of a row, or `otherwise` when no key opens it."""
    try:
        return getattr(row, name)
    except SecretUnreadable:
        return otherwise


class EncryptedField:
    """Mixin by which rotation finds every encrypted column."""

    descriptor_class: Any = _Opened

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> Any:
        if not value:
            return self.opened(value)
        try:
            return self.opened(decrypt(value))
        except SecretUnreadable:
            return Unreadable()

    def opened(self, text: str | None) -> Any:
        """Returns the attribute's value from the clear text."""
        return text


class EncryptedTextField(EncryptedField, models.TextField[str, str]):
    """Text that is ciphertext in the database; "" stays "", so that SQL can find rows without a
    secret.
    """

    def get_prep_value(self, value: Any) -> Any:
        return encrypt(str(value)) if value else value

    def value_to_string(self, obj: models.Model) -> str:
        return _dumped(self, obj)

    def to_python(self, value: Any) -> Any:
        return super().to_python(_loaded(value))


class EncryptedJSON(EncryptedField):
    """Mixin of JSON that is ciphertext in the database; the empty value is the empty string."""

    empty: type = dict

    def get_prep_value(self, value: Any) -> Any:
        return encrypt(json.dumps(value, ensure_ascii=False)) if value else ""

    def opened(self, text: str | None) -> Any:
        return json.loads(text) if text else self.empty()

    def value_to_string(self, obj: models.Model) -> str:
        return _dumped(self, obj)

    def to_python(self, value: Any) -> Any:
        value = _loaded(value)
        return json.loads(value) if isinstance(value, str) and value else value or self.empty()


class EncryptedJSONField(EncryptedJSON, models.TextField[dict[str, Any], dict[str, Any]]):
    """A JSON object that is ciphertext in the database."""


class EncryptedListField(EncryptedJSON, models.TextField[list[Any], list[Any]]):
    """A JSON list that is ciphertext in the database."""

    empty = list
