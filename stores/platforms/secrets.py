"""Landed migrations name this path; the fields are in `stores.fields`."""

from stores.fields import EncryptedJSONField, EncryptedTextField

__all__ = ["EncryptedJSONField", "EncryptedTextField"]
