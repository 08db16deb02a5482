"""Chromium under test, driven over the DevTools protocol, with the standard library of Python only.

    with Browser(time_zone="UTC") as browser:
        browser.open("report.html")
        browser.set_size(375, 800)
        assert browser.evaluate("document.title") == "…"
        assert browser.exceptions == []

The protocol: https://chromedevtools.github.io/devtools-protocol/. Its messages pass through two pipes, so that no port is open.
"""

import base64
import fcntl
import itertools
import json
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from pathlib import Path

PROGRAM = "chromium"
# The numbers that chromium reads messages from and writes messages to.
READ_FD, WRITE_FD = 3, 4
# Above the numbers of the two pipes in the child, so that none of them is overwritten before it is duplicated.
FIRST_FREE_FD = 10

ARGUMENTS = [
    "--headless=new", "--remote-debugging-pipe", "--no-first-run", "--no-default-browser-check", "--disable-gpu",
    "--disable-background-networking", "--disable-component-update", "--disable-default-apps", "--disable-sync",
    "--disable-extensions", "--disable-dev-shm-usage", "--disable-crash-reporter", "--password-store=basic", "--mute-audio",
]

# The numbers that JSON has not.
UNSERIALIZABLE = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf"), "-0": -0.0}

KEYS = {
    "Enter": ("Enter", 13, "\r"), "Escape": ("Escape", 27, ""), "Tab": ("Tab", 9, ""), "ArrowUp": ("ArrowUp", 38, ""),
    "ArrowDown": ("ArrowDown", 40, ""), "ArrowLeft": ("ArrowLeft", 37, ""), "ArrowRight": ("ArrowRight", 39, ""),
    "Home": ("Home", 36, ""), "End": ("End", 35, ""), "PageDown": ("PageDown", 34, ""), "PageUp": ("PageUp", 33, ""),
    "Space": ("Space", 32, " "), "Backspace": ("Backspace", 8, ""),
}


def is_installed():
    """Returns whether chromium is installed."""
    return shutil.which(PROGRAM) is not None


class BrowserError(Exception):
    """An error of the browser or of the protocol, or the end of the time."""


class PageError(Exception):
    """An exception that a page threw during an evaluation."""


class Browser:
    """One chromium with one page, in a folder of its own."""

    def __init__(self, *, timeout=30, time_zone=None, language="en-US", arguments=()):
        """Starts chromium.

        timeout: the seconds after which a call fails.
        time_zone: the local time zone of the page, such as "UTC"; None for that of the process.
        arguments: further arguments of chromium.
        """
        self.timeout = timeout
        #: The messages of the console and of the browser: {"level": …, "text": …}.
        self.messages = []
        #: The texts of the exceptions that no script caught.
        self.exceptions = []
        #: The URLs that the page has requested, also those that were blocked.
        self.requests = []
        self._replies = {}
        self._changed = threading.Condition()
        self._numbers = itertools.count(1)
        #: The loads that have ended, by the identities that the browser gives to them.
        self._loaded = set()
        self._is_ended = False
        self._process = None
        self._session = None
        self._folder = tempfile.mkdtemp(prefix="hypero-page.")
        try:
            self._start(time_zone, language, arguments)
            self._attach()
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    # The process.

    def _start(self, time_zone, language, arguments):
        if not is_installed():
            raise BrowserError(f"the browser cannot be started: {PROGRAM} is not installed")
        theirs_in, self._out = _pipe()
        self._in, theirs_out = _pipe()
        command = [PROGRAM, *ARGUMENTS, f"--user-data-dir={self._folder}/profile", f"--lang={language}", *arguments]
        if os.geteuid() == 0:
            # The sandbox needs a user other than root.
            command.append("--no-sandbox")
        environment = {**os.environ, "HOME": self._folder}
        if time_zone:
            environment["TZ"] = time_zone

        def connect():
            os.dup2(theirs_in, READ_FD)
            os.dup2(theirs_out, WRITE_FD)

        try:
            with open(f"{self._folder}/log", "wb") as log:
                self._process = subprocess.Popen(
                    [*command, "about:blank"], stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment,
                    pass_fds=(READ_FD, WRITE_FD), preexec_fn=connect, start_new_session=True)
        finally:
            os.close(theirs_in)
            os.close(theirs_out)
        self._reader = threading.Thread(target=self._read, name="devtools", daemon=True)
        self._reader.start()

    def close(self):
        """Ends chromium with all of its processes, and removes its folder."""
        if self._process:
            try:
                os.killpg(self._process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            self._process.wait()
            # The pipe ends with the last process.
            self._reader.join(self.timeout)
            os.close(self._out)
            os.close(self._in)
            self._process = None
        # A process that just ended may still write.
        for _ in range(50):
            shutil.rmtree(self._folder, ignore_errors=True)
            if not os.path.exists(self._folder):
                break
            time.sleep(0.02)

    # The protocol: JSON texts that end with NUL.

    def _read(self):
        buffer = b""
        while True:
            try:
                part = os.read(self._in, 1 << 16)
            except OSError:
                part = b""
            if not part:
                break
            *texts, buffer = (buffer + part).split(b"\0")
            for text in texts:
                self._receive(json.loads(text))
        with self._changed:
            self._is_ended = True
            self._changed.notify_all()

    def _receive(self, message):
        with self._changed:
            if "id" in message:
                self._replies[message["id"]] = message
            else:
                self._note(message["method"], message["params"])
            self._changed.notify_all()

    def _note(self, method, event):
        if method == "Page.lifecycleEvent":
            if event["name"] == "load":
                self._loaded.add(event["loaderId"])
        elif method == "Network.requestWillBeSent":
            self.requests.append(event["request"]["url"])
        elif method == "Runtime.exceptionThrown":
            self.exceptions.append(_text(event["exceptionDetails"]))
        elif method == "Log.entryAdded":
            entry = event["entry"]
            self.messages.append({"level": entry["level"], "text": entry["text"]})
        elif method == "Runtime.consoleAPICalled":
            parts = [str(part.get("value", part.get("description", ""))) for part in event["args"]]
            self.messages.append({"level": event["type"], "text": " ".join(parts)})

    def _wait(self, condition, subject, timeout=None):
        """Waits for a message after which a condition is true."""
        timeout = timeout or self.timeout
        with self._changed:
            self._changed.wait_for(lambda: condition() or self._is_ended, timeout)
            if condition():
                return
        if self._is_ended:
            log = Path(self._folder, "log").read_text(errors="replace")[-2000:]
            raise BrowserError(f"{subject} failed: chromium has ended. Its output: {log}")
        raise BrowserError(f"{subject} took more than {timeout} s")

    def send(self, method, *, timeout=None, **parameters):
        """Sends a command of the protocol to the page, or to the browser before there is a page. Returns its result."""
        number = next(self._numbers)
        message = {"id": number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        text = json.dumps(message).encode() + b"\0"
        try:
            while text:
                text = text[os.write(self._out, text):]
        except BrokenPipeError:
            pass
        self._wait(lambda: number in self._replies, method, timeout)
        reply = self._replies.pop(number)
        if "error" in reply:
            raise BrowserError(f"{method} failed: {reply['error']['message']}")
        return reply["result"]

    def _attach(self):
        self.downloads = f"{self._folder}/downloads"
        os.mkdir(self.downloads)
        self.send("Browser.setDownloadBehavior", behavior="allow", downloadPath=self.downloads)
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ["Page", "Runtime", "Log", "Network"]:
            self.send(f"{domain}.enable")
        self.send("Page.setLifecycleEventsEnabled", enabled=True)

    # Pages.

    def open(self, address):
        """Opens a file, by its path, or an address with a scheme, and waits until the page is loaded. Forgets what earlier pages
        have reported."""
        address = str(address)
        if "://" not in address and not address.startswith("about:"):
            address = Path(address).resolve().as_uri()
        with self._changed:
            self.messages.clear()
            self.exceptions.clear()
            self.requests.clear()
        reply = self.send("Page.navigate", url=address)
        if reply.get("errorText"):
            raise BrowserError(f"{address} cannot be opened: {reply['errorText']}")
        # Another fragment of the same address loads nothing.
        if "loaderId" in reply:
            self._wait(lambda: reply["loaderId"] in self._loaded, f"the load of {address}")

    def open_html(self, text, name="page.html"):
        """Opens a text of HTML as a file, and waits until it is loaded."""
        path = Path(self._folder, name)
        path.write_text(text, encoding="utf-8")
        self.open(path)

    def evaluate(self, expression, *, timeout=None):
        """Returns the value of an expression of JavaScript, after its promise if it is one.

        Raises PageError with the text of an exception.
        """
        result = self.send(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True, userGesture=True, timeout=timeout)
        if "exceptionDetails" in result:
            raise PageError(_text(result["exceptionDetails"]))
        found = result["result"]
        if "unserializableValue" in found:
            return UNSERIALIZABLE.get(found["unserializableValue"], found["unserializableValue"])
        return found.get("value")

    def call(self, function, *arguments, timeout=None):
        """Returns the result of a function of JavaScript for arguments that JSON can express: call("(a, b) => a + b", 1, 2)."""
        texts = ", ".join(json.dumps(argument) for argument in arguments)
        return self.evaluate(f"({function})({texts})", timeout=timeout)

    def wait_for(self, expression, *, timeout=None):
        """Waits until an expression is true, and returns its value. It is looked at in each frame."""
        limit = timeout or self.timeout
        script = f"""new Promise((done) => {{
            const end = performance.now() + {limit * 1000};
            const look = () => {{
                const value = (() => ({expression}))();
                value || performance.now() > end ? done(value) : setTimeout(look, 10);
            }};
            look();
        }})"""
        value = self.evaluate(script, timeout=limit + 5)
        if not value:
            raise BrowserError(f"not true after {limit} s: {expression}")
        return value

    def frames(self, count=2):
        """Waits until the page has drawn some frames."""
        self.evaluate(f"""new Promise((done) => {{
            const next = (left) => left ? requestAnimationFrame(() => next(left - 1)) : done();
            next({count});
        }})""")

    # Looks.

    def set_size(self, width, height, *, scale=1, is_mobile=False):
        """Sets the size of the page in CSS pixels, and the number of device pixels of each."""
        self.send(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=scale, mobile=is_mobile)

    def emulate(self, *, dark=False, forced_colors=False, reduced_motion=False, print_media=False):
        """Sets the media and its features. Those that are not stated are reset."""
        features = [
            {"name": "prefers-color-scheme", "value": "dark" if dark else "light"},
            {"name": "forced-colors", "value": "active" if forced_colors else "none"},
            {"name": "prefers-reduced-motion", "value": "reduce" if reduced_motion else "no-preference"},
        ]
        self.send("Emulation.setEmulatedMedia", media="print" if print_media else "", features=features)

    def set_script_enabled(self, is_enabled):
        """Allows or forbids the scripts of pages that are opened after the call."""
        self.send("Emulation.setScriptExecutionDisabled", value=not is_enabled)

    def screenshot(self, path=None, *, is_whole=False):
        """Returns the visible part or the whole of the page as PNG, and writes it to a file if a path is given."""
        data = self.send("Page.captureScreenshot", format="png", captureBeyondViewport=is_whole)["data"]
        return _written(data, path)

    def pdf(self, path=None, **options):
        """Returns the printed page as PDF, and writes it to a file if a path is given. The options are those of Page.printToPDF."""
        return _written(self.send("Page.printToPDF", **options)["data"], path)

    # Input.

    def click(self, selector):
        """Clicks the middle of the first element that a selector of CSS finds."""
        place = self.call("""(selector) => {
            const element = document.querySelector(selector);
            if (!element) return null;
            element.scrollIntoView({ block: "nearest", behavior: "instant" });
            const box = element.getBoundingClientRect();
            return [box.x + box.width / 2, box.y + box.height / 2];
        }""", selector)
        if place is None:
            raise BrowserError(f"the click failed: no element is found by {selector}")
        self.move(*place)
        for kind in ["mousePressed", "mouseReleased"]:
            self.send("Input.dispatchMouseEvent", type=kind, x=place[0], y=place[1], button="left", clickCount=1)

    def drag(self, start, end):
        """Drags the pointer from a place of the visible part to another one: (x, y)."""
        self.move(*start)
        self.send("Input.dispatchMouseEvent", type="mousePressed", x=start[0], y=start[1], button="left", clickCount=1)
        for place in [((start[0] + end[0]) / 2, (start[1] + end[1]) / 2), end]:
            self.send("Input.dispatchMouseEvent", type="mouseMoved", x=place[0], y=place[1], button="left", buttons=1)
        self.send("Input.dispatchMouseEvent", type="mouseReleased", x=end[0], y=end[1], button="left", clickCount=1)

    def move(self, x, y):
        """Moves the pointer to a place of the visible part."""
        self.send("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)

    def type(self, text):
        """Writes a text into the element that has the focus."""
        self.send("Input.insertText", text=text)

    def press(self, key):
        """Presses a key: a character, or a name such as Enter, Escape or ArrowDown."""
        code, number, text = KEYS.get(key, (f"Key{key.upper()}", ord(key.upper()[0]), key))
        event = {"key": " " if key == "Space" else key, "code": code, "windowsVirtualKeyCode": number}
        self.send("Input.dispatchKeyEvent", type="keyDown" if text else "rawKeyDown", **event, **({"text": text} if text else {}))
        self.send("Input.dispatchKeyEvent", type="keyUp", **event)


def _pipe():
    """Returns the two ends of a pipe, with numbers above those that chromium expects."""
    ends = os.pipe()
    moved = tuple(fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, FIRST_FREE_FD) for end in ends)
    for end in ends:
        os.close(end)
    return moved


def _text(details):
    """Returns the text of an exception, with its stack. A thrown value that is no Error is shown as JSON."""
    thrown = details.get("exception", {})
    if "description" in thrown and thrown.get("subtype") == "error":
        return thrown["description"]
    properties = thrown.get("preview", {}).get("properties", [])
    shown = {each["name"]: each.get("value") for each in properties} or thrown.get("value") or thrown.get("description")
    return f"{details.get('text', '')} {shown}".strip()


def _written(data, path):
    content = base64.b64decode(data)
    if path:
        Path(path).write_bytes(content)
    return content
