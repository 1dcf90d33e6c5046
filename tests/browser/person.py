"""What a person does at the browser: visits, clicks, types, looks."""

import time
from collections.abc import Callable
from typing import TypeVar

import httpx
from selenium.common.exceptions import (
    NoSuchElementException,
    StaleElementReferenceException,
    TimeoutException,
    WebDriverException,
)
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement

from dashboard.management.demo_data import NAME, PASSWORD

PATIENCE = 90.0  # a nudge that is lost costs a minute
# What the driver and the browser say of a look in whose middle the page was left or a fragment swapped.
SWAPPED = (
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
Seen = TypeVar("Seen")


def swapped(error: WebDriverException) -> bool:
    gone = isinstance(error, NoSuchElementException | StaleElementReferenceException)
    return gone or any(words in (error.msg or "").lower() for words in SWAPPED)


class Person:
    def __init__(self, browser: Chrome, site: str) -> None:
        self.browser, self.site = browser, site
        self.dress()

    def dress(self, width: int = 1440, height: int = 1000, dark: bool = False) -> None:
        """Chooses the window's size (CSS pixels) and the system's theme; nothing is shown on its way to another."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
        self.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        features = {
            "prefers-color-scheme": "dark" if dark else "light",
            "prefers-reduced-motion": "reduce",
        }
        told = [{"name": name, "value": value} for name, value in features.items()]
        self.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": told})

    def scripts(self, on: bool) -> None:
        self.browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": not on})

    def visit(self, path: str) -> None:
        self.browser.get(self.site + path)

    def sign_in(self, name: str = NAME, password: str = PASSWORD) -> None:
        self.visit("/accounts/login/")
        self.find("[name=username]").type(name)
        self.find("[name=password]").type(password)
        self.find("main form [type=submit], main form button").click()
        self.leaves("/accounts/login/")

    def speak(self, language: str) -> None:
        """Chooses the language of the pages by the switch that every page has."""
        if self.find("html").attribute("lang") != language:
            self.find(f".switch [name=language][value={language}]").click()
            self.wait(lambda: self.find("html").attribute("lang") == language)

    def find(self, selector: str) -> "Spot":
        return Spot(self, lambda: self.browser.find_element(By.CSS_SELECTOR, selector))

    def all(self, selector: str) -> list[WebElement]:
        return self.look(lambda: self.browser.find_elements(By.CSS_SELECTOR, selector))

    def link(self, words: str) -> "Spot":
        return Spot(self, lambda: self.browser.find_element(By.PARTIAL_LINK_TEXT, words))

    def row(self, words: str) -> "Spot":
        """The table row that contains these words."""
        return Spot(
            self, lambda: self.browser.find_element(By.XPATH, f"//tr[contains(., {words!r})]")
        )

    def focus(self) -> "Spot":
        return Spot(self, lambda: self.browser.switch_to.active_element)

    def press(self, *keys: str) -> None:
        """Presses keys wherever the focus is."""
        for key in keys:
            self.focus().type(key)

    def tab_to(self, words: str, row: str = "") -> None:
        """Walks by Tab to the link or button that bears these words, in that row of a table if one is named."""

        def is_there() -> bool:
            here = self.focus().element()
            return words in here.text and (
                not row
                or any(row in one.text for one in here.find_elements(By.XPATH, "./ancestor::tr"))
            )

        for _ in range(120):
            self.press(Keys.TAB)
            if self.look(is_there):
                return
        raise AssertionError(f"no {words} within 120 tabs")

    def download(self, address: str) -> bytes:
        """What the browser would save, fetched with its session."""
        cookies = {cookie["name"]: cookie["value"] for cookie in self.browser.get_cookies()}
        answer = httpx.get(address, cookies=cookies, timeout=PATIENCE, trust_env=False)
        return answer.raise_for_status().content

    def reads(self, words: str, selector: str = "main") -> None:
        """Waits until these words stand there."""
        self.wait(lambda: words in self.find(selector).text)

    def arrives(self, part: str) -> None:
        """Waits for a page with this in its address."""
        self.wait(lambda: part in self.browser.current_url)

    def leaves(self, part: str) -> None:
        self.wait(lambda: part not in self.browser.current_url)

    def look(self, at: Callable[[], Seen]) -> Seen:
        """What is seen there, be it nothing."""
        return self.wait(lambda: [at()])[0]

    def wait(self, until: Callable[[], Seen], seconds: float = PATIENCE) -> Seen:
        """Looks, at whole pages only, until what is seen is true; a look in whose middle they change is none."""
        deadline, missed = time.monotonic() + seconds, None
        while time.monotonic() < deadline:
            try:
                if self.browser.execute_script("return document.readyState") == "complete" and (
                    seen := until()
                ):
                    return seen
            except WebDriverException as error:
                if not swapped(error):
                    raise
                missed = error
            time.sleep(0.05)
        raise TimeoutException(
            f"not within {seconds:.0f} seconds at {self.browser.current_url}"
        ) from missed

    def complaints(self) -> list[str]:
        """What the browser's console has against the pages: script errors, refused sources, failed loads."""
        entries = self.browser.get_log("browser")  # type: ignore[no-untyped-call]
        return [entry["message"] for entry in entries if entry["level"] in ("SEVERE", "WARNING")]


class Spot:
    """A place on the page: whoever looks at it or acts on it waits for it and finds it anew, so that it is never stale.

    `element` finds what is there now, which the next swap makes stale.
    """

    def __init__(self, person: Person, element: Callable[[], WebElement]) -> None:
        self.person, self.element = person, element

    def find(self, selector: str) -> "Spot":
        return Spot(self.person, lambda: self.element().find_element(By.CSS_SELECTOR, selector))

    def button(self, *words: str) -> "Spot":
        """The button in it that bears these words, or one of them."""
        bears = " or ".join(f"contains(., {one!r})" for one in words)
        return Spot(
            self.person, lambda: self.element().find_element(By.XPATH, f".//button[{bears}]")
        )

    def all(self, selector: str) -> list[WebElement]:
        return self.person.look(lambda: self.element().find_elements(By.CSS_SELECTOR, selector))

    @property
    def text(self) -> str:
        return self.person.look(lambda: self.element().text)

    def attribute(self, name: str) -> str | None:
        return self.person.look(lambda: self.element().get_attribute(name))

    def has_focus(self) -> bool:
        return self.person.look(lambda: bool(self.element() == self.person.focus().element()))

    def click(self) -> None:
        self.person.look(lambda: self.element().click())

    def type(self, text: str) -> None:
        self.person.look(lambda: self.element().send_keys(text))
