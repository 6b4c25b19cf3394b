"""A gateway's address that is wrong: the connection test says what is wrong with it."""

import datetime
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from django.utils.translation import override

from coupons.services import connection_test, stores_sync
from tests.canned import Canned, answer
from tests.coupons.factories import Shop


def told(shop: Shop, url: str, language: str = "en") -> str:
    shop.connection.base_url = url
    with override(language):
        return connection_test(connection=shop.connection, actor=None)


@pytest.mark.parametrize(
    ("play", "words"),
    [
        (answer("<html>nginx 404</html>", 404), "does not have this interface (404)"),
        (answer('{"error": "not found"}', 404), "does not have this interface (404)"),
        (answer("", 301, Location="https://a.example/"), "points to another address"),
        (answer("<html>Bad gateway</html>", 502), "error of its own"),
        (answer("<html>welcome</html>"), "not as the platform does"),
        (answer('{"hello": 1}'), "not as the platform does"),
    ],
)
def test_another_servers_answer_is_said_as_what_it_is(shop: Shop, play: bytes, words: str) -> None:
    with Canned(play) as server:
        assert words in told(shop, server.url)


def test_it_is_said_in_chinese_and_by_a_sync_too(shop: Shop) -> None:
    with Canned(answer("<html>nginx 404</html>", 404)) as server:
        text = told(shop, server.url, "zh-hans")
    assert "没有这个接口（404）" in text
    with Canned(answer("<html>nginx 404</html>", 404)) as server, override("zh-hans"):
        shop.connection.base_url = server.url
        assert stores_sync(connection=shop.connection).message == text


def test_a_name_that_no_server_has_is_said(shop: Shop) -> None:
    assert "No server is known" in told(shop, "http://gateway.invalid")


def test_a_port_that_nobody_listens_on_is_said(shop: Shop) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        assert "Nothing listens" in told(shop, f"http://127.0.0.1:{taken.getsockname()[1]}")


def test_a_gateway_that_does_not_answer_is_said(shop: Shop) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        text = told(shop, f"http://127.0.0.1:{silent.getsockname()[1]}")
    assert "did not answer in time" in text


def test_a_wrong_certificate_is_said_and_nothing_is_sent(shop: Shop, tmp_path: Path) -> None:
    with _https(tmp_path) as url:
        assert "certificate" in told(shop, url)
        assert "self-signed certificate" in stores_sync(connection=shop.connection).error


@contextmanager
def _https(folder: Path) -> Iterator[str]:
    """A server whose certificate nobody has signed but itself."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(_certificate(folder))
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    connection, _address = listener.accept()
                    context.wrap_socket(connection, server_side=True).close()
                except ssl.SSLError:
                    continue
                except OSError:
                    return

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"https://127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)
    thread.join(5)


def _certificate(folder: Path) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    file = folder / "own.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    file.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    return file
