"""Fetches the picture of a code as Meituan's app does."""

import http.client
from urllib.parse import urlsplit

PATIENCE = 15.0


def picture_trouble(address: str, base_url: str) -> str:
    """Returns what is wrong with the picture at this address; "" when it is a picture.

    Addresses of our own are fetched from the server that the drill runs against.
    """
    parts, base = urlsplit(address), urlsplit(base_url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return "not an http address"
    kind: type[http.client.HTTPConnection] = http.client.HTTPConnection
    if base.scheme == "https":
        kind = http.client.HTTPSConnection
    target = parts.path
    if parts.query:
        target += f"?{parts.query}"
    connection = kind(base.hostname or "", base.port, timeout=PATIENCE)
    try:
        connection.request("GET", target)
        answer = connection.getresponse()
        content, type_ = answer.read(), answer.headers.get_content_type()
    except (OSError, http.client.HTTPException) as error:
        return str(error) or type(error).__name__
    finally:
        connection.close()
    if answer.status != 200:
        return f"HTTP {answer.status}"
    if type_.startswith("image/") and content:
        return ""
    return f"a {type_}, not a picture"
