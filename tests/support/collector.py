"""What traces, metrics and logs would carry away: a collector of OpenTelemetry that keeps whatever it is sent."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Collector:
    """Takes everything over OTLP, and keeps it as it came."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._sent: list[bytes] = []

    def take(self, body: bytes) -> None:
        self._sent.append(body)

    @property
    def collected(self) -> bytes:
        return b"\n".join(self._sent)


@contextmanager
def collector() -> Iterator[Collector]:
    """One on a port of its own."""

    class Taking(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            taking.take(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing of what is taken."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Taking) as server:
        taking = Collector(f"http://127.0.0.1:{server.server_port}")
        serving = threading.Thread(target=server.serve_forever, daemon=True)
        serving.start()
        try:
            yield taking
        finally:
            server.shutdown()
            serving.join()
