"""A case of the tests of the page."""

import json
import os
import re
import unittest
from pathlib import Path

from browser import Browser

PAGE = os.environ.get("HYPERO_PAGE")
DATA = re.compile(r'(<script type="application/json" id="data">).*?(</script>)', re.DOTALL)


def safe(text):
    """Returns JSON that cannot end its element."""
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


class PageCase(unittest.TestCase):
    #: The begins of the URLs that a page may request.
    allowed = ("file:", "data:", "blob:", "about:")
    #: A text of the errors that a test expects.
    expected = None

    @classmethod
    def setUpClass(cls):
        cls.browser = Browser(time_zone="UTC")
        cls.addClassCleanup(cls.browser.close)
        cls.page = Path(PAGE).read_text(encoding="utf-8") if PAGE else ""

    def setUp(self):
        self.browser.set_size(1280, 900)
        self.browser.emulate()
        self.browser.set_script_enabled(True)

    def tearDown(self):
        self.assertEqual(self.browser.exceptions, [])
        errors = [message for message in self.browser.messages if message["level"] in ("error", "warning")]
        self.assertEqual([error for error in errors if not self.expected or self.expected not in error["text"]], [])
        others = [url for url in self.browser.requests if not url.startswith(self.allowed)]
        self.assertEqual(others, [])

    def show(self, data=None, fragment=""):
        """Opens the page with other data."""
        text = self.page if data is None else DATA.sub(lambda found: found[1] + safe(json.dumps(data)) + found[2], self.page)
        path = Path(self.browser.downloads, "page.html")
        path.write_text(text, encoding="utf-8")
        self.browser.open("about:blank")
        self.browser.open(f"{path.as_uri()}#{fragment}" if fragment else path)
        self.browser.wait_for("Boolean(document.querySelector('#table .sheet .row .fixed, #table .tools'))")
        self.browser.frames(3)

    def fragment(self, text):
        self.browser.evaluate(f"location.hash = {json.dumps(text)}")
        self.browser.frames(3)

    def rows(self):
        """Returns the texts of the visible rows, by their cells."""
        self.browser.frames(3)
        return self.browser.evaluate("""[...document.querySelectorAll('#table .sheet .row')].filter((row) => !row.hidden)
            .sort((a, b) => a.getAttribute('aria-rowindex') - b.getAttribute('aria-rowindex'))
            .map((row) => [...row.children].map((cell) => cell.innerText.trim()))""")

    def matches(self):
        return self.browser.evaluate("document.querySelector('#matches').textContent")
