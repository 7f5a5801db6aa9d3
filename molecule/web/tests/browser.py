# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Chromium on the ground, as the tests visit pages with it."""

from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.common.by import By
from selenium.webdriver.common.proxy import Proxy, ProxyType
from selenium.webdriver.remote.client_config import ClientConfig
from selenium.webdriver.remote.command import Command
from selenium.webdriver.support import expected_conditions
from selenium.webdriver.support.ui import WebDriverWait

OPTIONS = [
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking",
    "--window-size=1000,900",
]  # fmt: skip


class Browser:
    """A browser with an empty profile: close() it."""

    def __init__(self, ip, pictures, *more_options):
        self.pictures = pictures
        options = webdriver.ChromeOptions()
        for option in [*OPTIONS, *more_options]:
            options.add_argument(option)
        options.accept_insecure_certs = True
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        # The ground has no other way to the list hosts than from the machine itself.
        server = "http://%s:9515" % ip
        config = ClientConfig(server, proxy=Proxy({"proxyType": ProxyType.DIRECT}), timeout=60)
        self.driver = webdriver.Remote(server, options=options, client_config=config)

    def close(self):
        self.driver.quit()

    def open(self, url):
        self.driver.get(url)

    @property
    def url(self):
        return self.driver.current_url

    @property
    def title(self):
        return self.driver.title

    @property
    def text(self):
        return self._find("body").text

    def _find(self, css):
        by, value = (By.LINK_TEXT, css[5:]) if css.startswith("link=") else (By.CSS_SELECTOR, css)
        return self.driver.find_element(by, value)

    def click(self, css):
        self._find(css).click()

    def follow(self, css):
        """Click what leads to another page: what a CSS selector finds, or "link=TEXT"."""
        element = self._find(css)
        element.click()
        # While the next page takes over, ChromeDriver may have an error of its own for the element.
        WebDriverWait(self.driver, 60, ignored_exceptions=[WebDriverException]).until(expected_conditions.staleness_of(element))

    def fill(self, css, text):
        element = self._find(css)
        element.clear()
        element.send_keys(text)

    def value(self, css):
        return self._find(css).get_property("value")

    def run(self, script):
        return self.driver.execute_script(script)

    def complaints(self):
        """What the browser has said on its console since the last time, such as what a policy kept it from."""
        return [entry["message"] for entry in self.driver.execute(Command.GET_LOG, {"type": "browser"})["value"]]

    def cookies(self):
        return {cookie["name"]: cookie for cookie in self.driver.get_cookies()}

    def picture(self, name):
        self.driver.save_screenshot(str(self.pictures / (name + ".png")))
