"""A server on a real socket that gives each POST to a function."""

import contextlib
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

# The end of the address, the headers and the body → the body of the answer.
Answers = Callable[[str, dict[str, str], bytes], bytes]


class PostServer:
    """Answers with status 200 what `answer` returns; other threads call it."""

    def __init__(self, answer: Answers) -> None:
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
                given = answer(self.path.rpartition("/")[2], dict(self.headers.items()), body)
                self.send_response(200)
                self.send_header("Content-Length", str(len(given)))
                # A caller that has hung up is part of the play.
                with contextlib.suppress(ConnectionError):
                    self.end_headers()
                    self.wfile.write(given)

            def log_message(self, format: str, *args: Any) -> None:
                """Prints nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.02,), daemon=True
        )

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
