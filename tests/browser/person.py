"""What a person does at the browser: visits, clicks, types, looks."""

from collections.abc import Callable

from selenium.common.exceptions import NoSuchElementException, StaleElementReferenceException
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

from dashboard.demo import NAME, PASSWORD

PATIENCE = 20.0


class Person:
    def __init__(self, browser: Chrome, site: str) -> None:
        self.browser, self.site = browser, site
        self.dress()

    def dress(self, width: int = 1440, height: int = 1000, dark: bool = False) -> None:
        """Chooses the window's size (CSS pixels) and the system's theme."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
        self.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        theme = {"features": [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]}
        self.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", theme)

    def scripts(self, on: bool) -> None:
        self.browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": not on})

    def visit(self, path: str) -> None:
        self.browser.get(self.site + path)

    def sign_in(self, name: str = NAME, password: str = PASSWORD) -> None:
        self.visit("/accounts/login/")
        self.find("[name=username]").send_keys(name)
        self.find("[name=password]").send_keys(password)
        self.find("main form [type=submit], main form button").click()
        self.wait(lambda: "/accounts/login/" not in self.browser.current_url)

    def speak(self, language: str) -> None:
        """Chooses the language of the pages by the switch that every page has."""
        if self.find("html").get_attribute("lang") != language:
            self.find(f".switch [name=language][value={language}]").click()
            self.wait(lambda: self.find("html").get_attribute("lang") == language)

    def find(self, selector: str) -> WebElement:
        return self.browser.find_element(By.CSS_SELECTOR, selector)

    def all(self, selector: str) -> list[WebElement]:
        return self.browser.find_elements(By.CSS_SELECTOR, selector)

    def link(self, words: str) -> WebElement:
        return self.browser.find_element(By.PARTIAL_LINK_TEXT, words)

    def row(self, words: str) -> WebElement:
        """The table row that contains these words."""
        return self.browser.find_element(By.XPATH, f"//tr[contains(., {words!r})]")

    def reads(self, words: str, selector: str = "main") -> None:
        """Waits until these words stand there."""
        self.wait(lambda: words in self.find(selector).text)

    def wait(self, until: Callable[[], object], seconds: float = PATIENCE) -> None:
        swapped = (NoSuchElementException, StaleElementReferenceException)  # by htmx, in the middle of a look
        WebDriverWait(self.browser, seconds, poll_frequency=0.05, ignored_exceptions=swapped).until(lambda _: until())

    def complaints(self) -> list[str]:
        """What the browser's console has against the pages: script errors, refused sources, failed loads."""
        entries = self.browser.get_log("browser")  # type: ignore[no-untyped-call]
        return [entry["message"] for entry in entries if entry["level"] in ("SEVERE", "WARNING")]
