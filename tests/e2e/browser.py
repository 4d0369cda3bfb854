"""A real Chromium without a window, as a person would use it."""

import contextlib
import tempfile

from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

import harness

FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic",
         "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync",
         "--disable-dev-shm-usage", "--window-size=1200,900")
PHONE, DESKTOP = (390, 844), (1200, 900)


class Browser:
    """One Chromium with a profile of its own; ends with close()."""

    def __init__(self):
        self.profile = tempfile.TemporaryDirectory(prefix="assent-chromium-")
        options = webdriver.ChromeOptions()
        options.binary_location = "/usr/bin/chromium"
        for flag in (*FLAGS, f"--user-data-dir={self.profile.name}"):
            options.add_argument(flag)
        self.driver = webdriver.Chrome(
            service=Service("/usr/bin/chromedriver"), options=options)
        self.driver.set_page_load_timeout(30)

    def close(self):
        self.driver.quit()
        with contextlib.suppress(OSError):
            self.profile.cleanup()

    # --- looking ----------------------------------------------------------

    def open(self, url):
        self.driver.get(url)
        return self

    def all(self, css):
        return self.driver.find_elements(By.CSS_SELECTOR, css)

    def one(self, css):
        """The only element that fits."""
        found = self.all(css)
        assert len(found) == 1, (css, len(found), self.text)
        return found[0]

    @property
    def text(self):
        return self.driver.find_element(By.TAG_NAME, "body").text

    @property
    def heading(self):
        return self.one("h1").text

    @property
    def url(self):
        return self.driver.current_url

    def run(self, script, *args):
        return self.driver.execute_script(script, *args)

    # --- doing ------------------------------------------------------------

    def type(self, css, text):
        field = self.one(css)
        field.clear()
        field.send_keys(text)

    def leave(self, act):
        """Does what leads to another page, and waits until it is there."""
        old = self.driver.find_element(By.TAG_NAME, "html")
        act()
        harness.wait_for(lambda: self._is_new(old), what="the next page")

    def _is_new(self, old):
        # Between two pages there is nothing to ask.
        with contextlib.suppress(WebDriverException):
            html = self.all("html")
            return html and html[0].id != old.id and \
                self.run("return document.readyState") == "complete"
        return False

    def press(self, label):
        """The button or link of that label, as a finger would."""
        found = [e for e in self.all("button, a") if e.text == label]
        assert len(found) == 1, (label, [e.text for e in self.all("button")])
        self.leave(found[0].click)

    def keys(self, *keys):
        """Typed at whatever has the focus."""
        self.driver.switch_to.active_element.send_keys(*keys)

    def tab_to(self, css, most=40):
        """Tab after Tab until the element has the focus."""
        for _ in range(most):
            self.keys(Keys.TAB)
            if self.run("return document.activeElement.matches(arguments[0])",
                        css):
                return self.driver.switch_to.active_element
        raise AssertionError(f"{css} is not reached by Tab")

    # --- the window -------------------------------------------------------

    def size(self, width, height):
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
            "width": width, "height": height, "deviceScaleFactor": 1,
            "mobile": width < 600})

    def dark(self, on=True):
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {
            "features": [{"name": "prefers-color-scheme",
                          "value": "dark" if on else "light"}]})

    def forget(self):
        """Cookies, and every tab but one."""
        first, *more = self.driver.window_handles
        for handle in more:
            self.driver.switch_to.window(handle)
            self.driver.close()
        self.driver.switch_to.window(first)
        self.driver.execute_cdp_cmd("Network.clearBrowserCookies", {})

    def new_tab(self):
        self.driver.switch_to.new_window("tab")
        return self.driver.current_window_handle

    def use_tab(self, handle):
        self.driver.switch_to.window(handle)

    def shot(self, path):
        """The whole page, not only what is in sight."""
        height = self.run("return document.documentElement.scrollHeight")
        width = self.run("return document.documentElement.clientWidth")
        self.size(width, min(height, 8000))
        self.driver.save_screenshot(str(path))
