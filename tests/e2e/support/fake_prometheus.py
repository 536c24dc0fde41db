"""A server in the place of a Prometheus: what it answers is up to the test, what it was asked is kept."""

import http.server
import json
import socketserver
import threading
import urllib.parse


class FakePrometheus:
    def __init__(self, answer):
        """`answer(parameters)` returns (status, body) or bytes to send as they are."""
        fake = self
        self.asked = []         # parameters of each request
        self.authorization = []  # the header of each request
        self.released = threading.Event()  # set when it is closed, for answers that wait

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self._answer(urllib.parse.urlsplit(self.path).query)

            def do_POST(self):
                self._answer(self.rfile.read(int(self.headers["Content-Length"])).decode())

            def _answer(self, query):
                parameters = dict(urllib.parse.parse_qsl(query))
                parameters["path"] = urllib.parse.urlsplit(self.path).path
                parameters["method"] = self.command
                fake.asked.append(parameters)
                fake.authorization.append(self.headers["Authorization"])
                said = answer(parameters)
                if isinstance(said, bytes):
                    self.wfile.write(said)
                    return
                status, body = said
                data = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(data)))
                if status in (301, 302):
                    self.send_header("Location", data.decode())
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *arguments):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request, client_address):
                pass  # a client that left

        self._server = Server(("127.0.0.1", 0), Handler)
        self.address = "127.0.0.1:%d" % self._server.server_address[1]
        self.url = "http://" + self.address
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def close(self):
        self.released.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class DrippingServer:
    """Begins to answer, and goes on byte by byte for ever."""

    def __init__(self):
        closed = self._closed = threading.Event()

        class Handler(socketserver.BaseRequestHandler):
            def handle(self):
                self.request.recv(65536)
                try:
                    self.request.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
                    while not closed.wait(0.1):
                        self.request.sendall(b" ")
                except OSError:
                    pass  # the client has had enough

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True

        self._server = Server(("127.0.0.1", 0), Handler)
        self.url = "http://127.0.0.1:%d" % self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def close(self):
        self._closed.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def matrix(*series):
    """An answer of query_range; `series` are (labels, [(time, value)])."""
    return {"status": "success", "data": {"resultType": "matrix", "result": [
        {"metric": labels, "values": [[time, str(value)] for time, value in points]}
        for labels, points in series]}}


def times(parameters):
    """The times that a request asks for."""
    start, end, step = (float(parameters[name]) for name in ("start", "end", "step"))
    return [start + i * step for i in range(int((end - start) / step + 0.5) + 1)]
