"""Whether the picture of a code can be fetched as Meituan's app would."""

import http.client
from urllib.parse import urlsplit

PATIENCE = 15.0


def picture_trouble(address: str, base_url: str) -> str:
    """What is wrong with the picture at this address, "" when it is one.

    Addresses of our own are fetched from the server that the drill runs against.
    """
    parts, base = urlsplit(address), urlsplit(base_url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return "not an http address"
    kind = http.client.HTTPSConnection if base.scheme == "https" else http.client.HTTPConnection
    connection = kind(base.hostname or "", base.port, timeout=PATIENCE)
    try:
        connection.request("GET", f"{parts.path}?{parts.query}" if parts.query else parts.path)
        answer = connection.getresponse()
        content, type_ = answer.read(), answer.headers.get_content_type()
    except (OSError, http.client.HTTPException) as error:
        return str(error) or type(error).__name__
    finally:
        connection.close()
    if answer.status != 200:
        return f"HTTP {answer.status}"
    return "" if type_.startswith("image/") and content else f"a {type_}, not a picture"
