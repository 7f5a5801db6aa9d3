# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Chromium on the ground, told what to do over the WebDriver protocol (https://www.w3.org/TR/webdriver2/)."""

import base64
import json
import urllib.error
import urllib.request

OPTIONS = [
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking",
    "--window-size=1000,900",
]  # fmt: skip
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
# The ground has no other way to the list hosts.
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Browser:
    """A browser with an empty profile: close() it."""

    def __init__(self, ip, pictures):
        self.server, self.pictures = "http://%s:9515" % ip, pictures
        capabilities = {
            "browserName": "chrome",
            "acceptInsecureCerts": True,
            "goog:chromeOptions": {"args": OPTIONS},
            "goog:loggingPrefs": {"browser": "ALL"},
        }
        self.session = ""
        self.session = "/" + self._call("POST", "", {"capabilities": {"alwaysMatch": capabilities}})["sessionId"]

    def _call(self, method, path, data=None):
        body = json.dumps(data or {}).encode() if method == "POST" else None
        request = urllib.request.Request(self.server + "/session" + self.session + path, data=body, method=method)
        try:
            with OPENER.open(request, timeout=60) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise AssertionError("%s %s: %s" % (path, data, json.load(error)["value"]["message"])) from None

    def close(self):
        self._call("DELETE", "")

    def open(self, url):
        self._call("POST", "/url", {"url": url})

    @property
    def url(self):
        return self._call("GET", "/url")

    @property
    def title(self):
        return self._call("GET", "/title")

    @property
    def text(self):
        return self._of("body", "GET", "/text")

    def _of(self, css, method, what, data=None):
        using, value = ("link text", css[5:]) if css.startswith("link=") else ("css selector", css)
        element = self._call("POST", "/element", {"using": using, "value": value})[ELEMENT]
        return self._call(method, "/element/" + element + what, data)

    def click(self, css):
        """Click what a CSS selector finds, or "link=TEXT"."""
        self._of(css, "POST", "/click")

    def fill(self, css, text):
        self._of(css, "POST", "/clear")
        self._of(css, "POST", "/value", {"text": text})

    def value(self, css):
        return self._of(css, "GET", "/property/value")

    def run(self, script):
        return self._call("POST", "/execute/sync", {"script": script, "args": []})

    def complaints(self):
        """What the browser has said on its console since the last time, such as what a policy kept it from."""
        return [entry["message"] for entry in self._call("POST", "/se/log", {"type": "browser"})]

    def cookies(self):
        return {cookie["name"]: cookie for cookie in self._call("GET", "/cookie")}

    def picture(self, name):
        (self.pictures / (name + ".png")).write_bytes(base64.b64decode(self._call("GET", "/screenshot")))
