"""A user at the browser, who visits pages, clicks, types and reads."""

import time
from collections.abc import Callable
from typing import Any, TypeVar

import httpx
from selenium.common.exceptions import (
    NoSuchElementException,
    StaleElementReferenceException,
    TimeoutException,
    WebDriverException,
)
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement

from dashboard.management.demo_data import NAME, PASSWORD

WAIT_SECONDS = 90.0  # longer than a minute, after which the worker resumes a lost step
FIRST_PAUSE, LONGEST_PAUSE = 0.02, 0.3  # seconds between two looks at a page
TAB_LIMIT = 120
LANGUAGE_COOKIE = "ledger_language"
IS_FOCUSED = """
const [text, rowText] = arguments, focused = document.activeElement;
const row = focused.closest("tr");
return focused.innerText.includes(text) && (!rowText || !!row && row.innerText.includes(rowText));
"""
# Messages of the driver and of the browser when the page or a fragment changes during a command.
PAGE_CHANGED_MESSAGES = (
    "node with given id does not belong to the document",
    "no node with given id found",
    "could not find node with given id",
    "could not find object with given id",
    "node is detached from document",
    "loader has changed while resolving nodes",
    "aborted by navigation",
    "inspected target navigated or closed",
    "cannot find context with specified id",
    "cannot find default execution context",
    "no such execution context",
    "frame does not have execution context",
)
Value = TypeVar("Value")


def is_page_change_error(error: WebDriverException) -> bool:
    """Return whether a command failed because the page or a fragment changed meanwhile."""
    if isinstance(error, NoSuchElementException | StaleElementReferenceException):
        return True
    message = (error.msg or "").lower()
    return any(text in message for text in PAGE_CHANGED_MESSAGES)


class BrowserUser:
    def __init__(self, browser: Chrome, site_address: str) -> None:
        self.browser, self.site_address = browser, site_address
        self.set_screen()

    def set_screen(self, width: int = 1440, height: int = 1000, dark: bool = False) -> None:
        """Set the window's size (CSS pixels) and the system's theme; turn animations off."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
        self.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        features = [
            {"name": "prefers-color-scheme", "value": "dark" if dark else "light"},
            {"name": "prefers-reduced-motion", "value": "reduce"},
        ]
        self.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})

    def clear_cookies(self) -> None:
        self.browser.execute_cdp_cmd("Network.clearBrowserCookies", {})

    def set_cookies(self, cookies: dict[str, str]) -> None:
        parameters = [
            {"name": name, "value": value, "url": self.site_address}
            for name, value in cookies.items()
        ]
        self.browser.execute_cdp_cmd("Network.setCookies", {"cookies": parameters})

    def set_language(self, language: str) -> None:
        """Set the language of the next pages without a visit to a page."""
        self.set_cookies({LANGUAGE_COOKIE: language})

    def enable_scripts(self, enabled: bool) -> None:
        command = "Emulation.setScriptExecutionDisabled"
        self.browser.execute_cdp_cmd(command, {"value": not enabled})

    def run_script(self, script: str, *arguments: object) -> Any:
        return self.browser.execute_script(script, *arguments)

    def get_overflow(self) -> int:
        """Return by how many pixels the page is wider than the window."""
        return int(self.run_script("return document.documentElement.scrollWidth - innerWidth"))

    def visit(self, path: str) -> None:
        self.browser.get(self.site_address + path)

    def get_current_path(self) -> str:
        return self.browser.current_url.removeprefix(self.site_address)

    def sign_in(self, name: str = NAME, password: str = PASSWORD) -> None:
        self.visit("/accounts/login/")
        self.find("[name=username]").type_text(name)
        self.find("[name=password]").type_text(password)
        self.find("main form [type=submit], main form button").click()
        self.wait_to_leave("/accounts/login/")

    def choose_language(self, language: str) -> None:
        """Choose the language of the pages with the switch that every page has."""
        if self.find("html").get_attribute("lang") != language:
            self.find(f".switch [name=language][value={language}]").click()
            self.wait_until(lambda: self.find("html").get_attribute("lang") == language)

    def find(self, selector: str) -> "PageElement":
        return PageElement(self, lambda: self.browser.find_element(By.CSS_SELECTOR, selector))

    def find_all(self, selector: str) -> list[WebElement]:
        return self.read(lambda: self.browser.find_elements(By.CSS_SELECTOR, selector))

    def find_link(self, text: str) -> "PageElement":
        return PageElement(self, lambda: self.browser.find_element(By.PARTIAL_LINK_TEXT, text))

    def find_row(self, text: str) -> "PageElement":
        """Return the first table row that contains this text."""
        path = f"//tr[contains(., {text!r})]"
        return PageElement(self, lambda: self.browser.find_element(By.XPATH, path))

    def find_focus(self) -> "PageElement":
        """Return the element that has the focus."""
        return PageElement(self, lambda: self.browser.switch_to.active_element)

    def press_keys(self, *keys: str) -> None:
        """Send each key to the element that has the focus at that moment."""
        for key in keys:
            self.find_focus().type_text(key)

    def press_tab(self) -> None:
        """Press Tab, wherever the focus is."""
        for event in ("rawKeyDown", "keyUp"):
            key = {"key": "Tab", "code": "Tab", "windowsVirtualKeyCode": 9}
            self.browser.execute_cdp_cmd("Input.dispatchKeyEvent", {"type": event, **key})

    def tab_to(self, text: str, row_text: str = "") -> None:
        """Press Tab until a link or button with this text has the focus.

        With `row_text` it must be in a table row that contains that text.
        """

        for _ in range(TAB_LIMIT):
            self.press_tab()
            if self.run_script(IS_FOCUSED, text, row_text):
                return
        raise AssertionError(f"no {text} within {TAB_LIMIT} tabs")

    def download(self, address: str) -> bytes:
        """Return the file at an address, fetched with the session of the browser."""
        cookies = {cookie["name"]: cookie["value"] for cookie in self.browser.get_cookies()}
        response = httpx.get(address, cookies=cookies, timeout=WAIT_SECONDS, trust_env=False)
        return response.raise_for_status().content

    def wait_for_text(self, text: str, selector: str = "main") -> None:
        self.wait_until(lambda: text in self.find(selector).text)

    def wait_for_address(self, part: str) -> None:
        """Wait for a page whose address contains `part`."""
        self.wait_until(lambda: part in self.browser.current_url)

    def wait_to_leave(self, part: str) -> None:
        """Wait for a page whose address does not contain `part`."""
        self.wait_until(lambda: part not in self.browser.current_url)

    def read(self, get_value: Callable[[], Value]) -> Value:
        """Return a value from the page, also a false one, as soon as the page is complete."""
        return self.wait_until(lambda: [get_value()])[0]

    def wait_until(self, condition: Callable[[], Value], seconds: float = WAIT_SECONDS) -> Value:
        """Wait until `condition` returns a true value, and return it.

        The condition is checked on complete pages only, and again if the page changes meanwhile.
        """
        deadline, last_error, pause = time.monotonic() + seconds, None, FIRST_PAUSE
        while time.monotonic() < deadline:
            try:
                if self.run_script("return document.readyState") == "complete" and (
                    value := condition()
                ):
                    return value
            except WebDriverException as error:
                if not is_page_change_error(error):
                    raise
                last_error = error
            time.sleep(pause)
            pause = min(pause * 1.5, LONGEST_PAUSE)
        raise TimeoutException(
            f"not within {seconds:.0f} seconds at {self.browser.current_url}"
        ) from last_error

    def take_console_messages(self) -> list[str]:
        """Remove and return the console's warnings: script errors, blocked or failed loads."""
        entries = self.browser.get_log("browser")  # type: ignore[no-untyped-call]
        return [entry["message"] for entry in entries if entry["level"] in ("SEVERE", "WARNING")]


class PageElement:
    """An element that is located again at every use, so that it is never stale.

    `locate` returns the current WebElement, which the next swap of a fragment makes stale.
    """

    def __init__(self, user: BrowserUser, locate: Callable[[], WebElement]) -> None:
        self.user, self.locate = user, locate

    def find(self, selector: str) -> "PageElement":
        return PageElement(self.user, lambda: self.locate().find_element(By.CSS_SELECTOR, selector))

    def find_all(self, selector: str) -> list[WebElement]:
        return self.user.read(lambda: self.locate().find_elements(By.CSS_SELECTOR, selector))

    def find_button(self, *texts: str) -> "PageElement":
        """Return the first button inside this element that contains one of the texts."""
        condition = " or ".join(f"contains(., {text!r})" for text in texts)
        path = f".//button[{condition}]"
        return PageElement(self.user, lambda: self.locate().find_element(By.XPATH, path))

    @property
    def text(self) -> str:
        return self.user.read(lambda: self.locate().text)

    def get_attribute(self, name: str) -> str | None:
        return self.user.read(lambda: self.locate().get_attribute(name))

    def get_top(self) -> float:
        """Return how many pixels the element is below the top of the window."""
        script = "return arguments[0].getBoundingClientRect().top"
        return float(self.user.read(lambda: self.user.run_script(script, self.locate())))

    def has_focus(self) -> bool:
        return self.user.read(lambda: bool(self.locate() == self.user.find_focus().locate()))

    def click(self) -> None:
        self.user.read(lambda: self.locate().click())

    def type_text(self, text: str) -> None:
        self.user.read(lambda: self.locate().send_keys(text))
