"""A real browser on a real installation; skipped with a word without Chromium, unless BROWSER_REQUIRED is set."""

import os
import shutil
from collections.abc import Iterator

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

from dashboard.sandbox.server import run_server_in_thread
from dashboard.sandbox.wsgi import Sandbox
from tests.browser.person import PATIENCE, Person
from tests.installation import Installation

CHINESE, SPOTLESS = (
    "cp-6f0d62a3b1c94e75a208",
    "cp-7b15d6f2e09c43a88e35",
)  # have a past; nobody asks for more
WEEKS = 3
FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--window-size=1440,1000",
)  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    chromium = shutil.which("chromium") and shutil.which("chromedriver")
    for item in items:
        if "tests/browser" in str(item.path):
            item.add_marker(pytest.mark.browser)
            if not chromium and not os.environ.get("BROWSER_REQUIRED"):
                item.add_marker(
                    pytest.mark.skip("no chromium with its chromedriver on this machine")
                )


@pytest.fixture(scope="session")
def sandbox() -> Sandbox:
    return Sandbox(large_rows=600, generation_seconds=1, past_weeks=WEEKS)


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory, sandbox: Sandbox) -> Iterator[Installation]:
    """An installation with a past."""
    with run_server_in_thread(sandbox) as cloud:
        place = Installation(tmp_path_factory.mktemp("site"), cloud)
        place.python("from tests.browser import past", "past.lay_in()")
        yield place
        place.close()


@pytest.fixture(scope="session")
def site(place: Installation) -> Iterator[str]:
    """The product as it is run: web server, worker, queue and the sandbox; its address."""
    with place.worker(), place.site() as address:
        yield address


@pytest.fixture(scope="session")
def pages(place: Installation) -> dict[str, str]:
    """Every page that renders HTML, under a name for the reader of a failed test; they show the past alone."""

    def one(question: str) -> object:
        return place.rows(question)[0][0]

    of = "FROM dashboard_report WHERE pack_id = (SELECT id FROM dashboard_pack WHERE pack_id = "
    ready = f"{of}'{CHINESE}') AND state = 'ready' ORDER BY position DESC"
    pack, newest = one(f"SELECT pack_id {ready} LIMIT 1"), one(f"SELECT id {ready} LIMIT 1")
    before = one(f"SELECT id {ready} LIMIT 1 OFFSET 1")
    failing = (
        f"FROM dashboard_evaluation WHERE pack_id = {pack} AND status = 1 ORDER BY id DESC LIMIT 1"
    )
    key, resource, rule = (
        one(f"SELECT {name} {failing}") for name in ("key", "resource", "rule_id")
    )
    report, compared = f"/reports/{newest}/", f"/packs/{pack}/compare/{before}/{newest}/"
    spotless = one(f"SELECT id {of}'{SPOTLESS}') AND state = 'ready' ORDER BY position DESC")
    failed = one("SELECT id FROM dashboard_report WHERE state = 'failed' ORDER BY id")
    return {
        "sign-in": "/accounts/login/",
        "home": "/",
        "home, filtered": "/?show=failed",
        "search": "/search/?q=oss",
        "search, nothing": "/search/?q=nothing-bears-this-name",
        "preferences": "/preferences/",
        "accounts": "/accounts/",
        "add an account": "/accounts/add/",
        "account": "/accounts/1/",
        "edit an account": "/accounts/1/edit/",
        "pack": f"/packs/{pack}/",
        "trend": f"/packs/{pack}/trend/",
        "history": "/reports/",
        "rules": report,
        "rules, one open": f"{report}?open={rule}",
        "rules, nothing matches": f"{report}?q=nothing-bears-this-name",
        "rules, none fails": f"/reports/{spotless}/",
        "rule of the report": f"{report}rules/{rule}/",
        "resources": f"{report}resources/?status=failing",
        "resource of the report": f"{report}resources/{key}/",
        "sheet": f"{report}sheets/1/",
        "evidence": f"{report}evidence/",
        "label": f"{report}notes/",
        "print": f"{report}print/",
        "failed report": f"/reports/{failed}/",
        "comparison": compared,
        "comparison, printed": f"{compared}print/",
        "nothing changed": f"/packs/{pack}/compare/{newest}/{newest}/",
        "resource in time": f"/resources/{resource}/",
        "rule in time": f"/rules/{rule}/",
        "imports": "/imports/",
        "import": "/imports/1/",
        "not found": "/nowhere/",
    }


@pytest.fixture(scope="session")
def chromium() -> Iterator[webdriver.Chrome]:
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    for flag in FLAGS:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    with webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver"))) as driver:
        driver.set_script_timeout(PATIENCE)
        yield driver


@pytest.fixture
def person(chromium: webdriver.Chrome, site: str) -> Iterator[Person]:
    """Somebody at the browser, signed in as the demo's administrator; the console must stay silent."""
    chromium.get("about:blank")  # what a page before still asks for is nobody's any more
    chromium.execute_cdp_cmd("Network.clearBrowserCookies", {})
    person = Person(chromium, site)
    person.complaints()
    person.sign_in()
    person.speak("en")
    yield person
    assert person.complaints() == []
