"""A server of a live page under test: the page, and its changes as server-sent events that a test chooses."""

import json
import queue
import re
import select
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from page_case import DATA, safe

#: The times of the script in ms that a test shortens.
TIMES = {"SOON": "10_000", "LATER": "60_000", "FIRST_RETRY": "5_000"}


class LiveServer(ThreadingHTTPServer):
    """Serves `page` with `data` as battery?name=net, and a stream of events."""

    daemon_threads = True

    def __init__(self, page):
        super().__init__(("127.0.0.1", 0), Handler)
        self.page = page
        self.data = {}
        #: The times of the script that differ from its own, by name.
        self.times = {}
        #: The number of streams that are refused with 503 before one is accepted.
        self.refusals = 0
        #: The number of requests of the page that fail before it is sent.
        self.failures = 0
        #: The requests of streams: the ids after which they begin, of the address and of the header.
        self.streams = []
        #: The number of requests of the page.
        self.reads = 0
        self.changed = threading.Condition()
        self._open = []
        self._number = 7
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    @property
    def address(self):
        return f"http://127.0.0.1:{self.server_address[1]}"

    def close(self):
        self.end_streams()
        self.shutdown()
        self.server_close()

    def html(self):
        """Returns the page as a server writes it: with the address of its stream, and the right to use it."""
        data = {**self.data, "live": f"events?name=net%20a&after=s-{self._number}"}
        text = DATA.sub(lambda found: found[1] + safe(json.dumps(data)) + found[2], self.page)
        text, count = re.subn(r"base-uri 'none'", "connect-src 'self'; base-uri 'none'", text, count=1)
        assert count == 1, "the page has no rules of its content"
        for name, value in self.times.items():
            text, count = re.subn(rf"const {name} = {TIMES[name]};", f"const {name} = {value};", text)
            assert count == 1, f"the script has no time {name} of {TIMES[name]} ms"
        return text

    def send(self, event, data):
        """Sends an event to all streams."""
        with self.changed:
            self._number += event == "rows"
            lines = [f"event: {event}", *([f"id: s-{self._number}"] if event == "rows" else []), f"data: {json.dumps(data)}"]
            for messages in self._open:
                messages.put("\n".join(lines) + "\n\n")

    def end_streams(self):
        with self.changed:
            for messages in self._open:
                messages.put(None)

    def wait_for(self, condition, subject):
        """Waits until a condition of the server is true."""
        with self.changed:
            assert self.changed.wait_for(lambda: condition(self), 20), f"not true after 20 s: {subject}"

    @property
    def open_count(self):
        return len(self._open)

    def handle_error(self, request, client_address):
        """A browser that ends closes its connections."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        """A test has no log of requests."""

    def do_GET(self):
        path = urlsplit(self.path)
        if path.path == "/battery":
            with self.server.changed:
                isBroken = self.server.failures > 0
                self.server.failures -= isBroken
            body = b"out of order" if isBroken else self.server.html().encode()
            self.answer(body, "text/html; charset=utf-8", 503 if isBroken else 200)
            with self.server.changed:
                self.server.reads += 1
                self.server.changed.notify_all()
        elif path.path == "/events":
            self.stream(parse_qs(path.query))
        else:
            self.answer(b"", "text/plain")

    def answer(self, body, kind, status=200):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def stream(self, query):
        server = self.server
        messages = queue.Queue()
        with server.changed:
            server.streams.append((query["name"][0], query["after"][0], self.headers["Last-Event-ID"]))
            isRefused = server.refusals > 0
            server.refusals -= isRefused
            if not isRefused:
                server._open.append(messages)
            server.changed.notify_all()
        if isRefused:
            self.answer(b"too many streams", "text/plain", 503)
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        self.close_connection = True
        try:
            self.wfile.write(b"retry: 20\n\n")
            self.copy(messages)
        except OSError:
            pass
        with server.changed:
            server._open.remove(messages)
            server.changed.notify_all()

    def copy(self, messages):
        """Writes messages until the end of either side."""
        while True:
            try:
                message = messages.get(timeout=0.02)
            except queue.Empty:
                # A browser sends nothing more, except the end.
                if select.select([self.connection], [], [], 0)[0] and not self.connection.recv(1, socket.MSG_PEEK):
                    return
                continue
            if message is None:
                return
            self.wfile.write(message.encode())
            self.wfile.flush()
