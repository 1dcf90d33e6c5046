"""A real browser on a real installation.

The browser tests are skipped if Chromium is missing, unless BROWSER_REQUIRED is set.
"""

import os
import shutil
from collections.abc import Iterator

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

from dashboard.sandbox.server import run_server_in_thread
from dashboard.sandbox.wsgi import Sandbox
from tests.browser.browser_history import CHINESE_PACK_ID, COMPLIANT_PACK_ID, HISTORY_WEEKS
from tests.browser.browser_user import WAIT_SECONDS, BrowserUser
from tests.installation import CreateInstallation, Installation

CHROMIUM_FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-sync",
    "--disable-background-networking",
    "--disable-component-update",
    "--window-size=1440,1000",
)
READY_REPORTS = """
FROM dashboard_report
WHERE state = 'ready' AND pack_id = (SELECT id FROM dashboard_pack WHERE pack_id = '{pack_id}')
ORDER BY position DESC
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    has_chromium = shutil.which("chromium") and shutil.which("chromedriver")
    for item in items:
        if "tests/browser" in str(item.path):
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.django_db)  # the site begins with the test database
            if not has_chromium and not os.environ.get("BROWSER_REQUIRED"):
                item.add_marker(
                    pytest.mark.skip("no chromium with its chromedriver on this machine")
                )


@pytest.fixture(scope="session")
def sandbox() -> Sandbox:
    return Sandbox(large_rows=600, generation_seconds=1, past_weeks=HISTORY_WEEKS)


@pytest.fixture(scope="session")
def installation(
    create_installation: CreateInstallation, sandbox: Sandbox
) -> Iterator[Installation]:
    """An installation with the reports and imports of browser_history."""
    with run_server_in_thread(sandbox) as cloud:
        installation = create_installation("site", cloud, prepare=False)
        installation.run_python(
            *installation.list_lines_that_prepare(),
            "from tests.browser import browser_history",
            "browser_history.create_browser_history()",
        )
        yield installation


@pytest.fixture(scope="session")
def site_address(installation: Installation) -> Iterator[str]:
    """The address of the running product: web server, worker, queue and the sandbox."""
    with installation.start_worker(), installation.start_web_server() as address:
        yield address


@pytest.fixture(scope="session")
def page_paths(installation: Installation) -> dict[str, str]:
    """The paths of all HTML pages by name; they show only what browser_history created."""

    def query_value(query: str) -> object:
        return installation.query_rows(query)[0][0]

    ready_reports = READY_REPORTS.format(pack_id=CHINESE_PACK_ID)
    pack = query_value(f"SELECT pack_id {ready_reports} LIMIT 1")
    newest = query_value(f"SELECT id {ready_reports} LIMIT 1")
    previous = query_value(f"SELECT id {ready_reports} LIMIT 1 OFFSET 1")
    compliant = query_value(f"SELECT id {READY_REPORTS.format(pack_id=COMPLIANT_PACK_ID)}")
    failed, running, withdrawn = (
        query_value(f"SELECT id FROM dashboard_report WHERE state = '{state}' ORDER BY id")
        for state in ("failed", "requested", "withdrawn")
    )
    key, resource, rule, resource_id = installation.query_rows(
        "SELECT key, resource, rule_id, resource_id FROM dashboard_evaluation "
        f"WHERE pack_id = {pack} AND status = 1 ORDER BY id DESC LIMIT 1"
    )[0]
    assert isinstance(resource_id, str)
    report, comparison = f"/reports/{newest}/", f"/packs/{pack}/compare/{previous}/{newest}/"
    return {
        "sign-in": "/accounts/login/",
        "password": "/accounts/password/",
        "home": "/",
        "home, filtered": "/?show=failed",
        "home, gone or imported": "/?show=gone",
        "archive packs": f"/packs/archive/?pack={pack}",
        "show packs on home again": "/packs/unarchive/?show=archived",
        "search": "/search/?q=oss",
        "search, resources": f"/search/?q={resource_id[3:]}",
        "search, nothing": "/search/?q=nothing-bears-this-name",
        "preferences": "/preferences/",
        "accounts": "/accounts/",
        "how requests arrive": "/connection/",
        "add an account": "/accounts/add/",
        "account": "/accounts/1/",
        "edit an account": "/accounts/1/edit/",
        "pack": f"/packs/{pack}/",
        "pack, as of a date": f"/packs/{pack}/?as_of=2026-01-01",
        "trend": f"/packs/{pack}/trend/",
        "history": "/reports/",
        "history of a pack": f"/reports/?pack={pack}",
        "bulk generations": "/reports/bulk/",
        "bulk generation": "/reports/bulk/1/",
        "cancel a bulk generation": "/reports/bulk/1/cancel/",
        "rules": report,
        "rules, one open": f"{report}?open={rule}",
        "rules, nothing matches": f"{report}?q=nothing-bears-this-name",
        "rules, none fails": f"/reports/{compliant}/",
        "rule of the report": f"{report}rules/{rule}/",
        "resources": f"{report}resources/?status=failing",
        "resource of the report": f"{report}resources/{key}/",
        "sheet": f"{report}sheets/1/",
        "evidence": f"{report}evidence/",
        "label": f"{report}notes/",
        "print": f"{report}print/",
        "export": f"{report}export/xlsx/",
        "failed report": f"/reports/{failed}/",
        "report under way": f"/reports/{running}/",
        "cancel the run": f"/reports/{running}/cancel/",
        "withdrawn report": f"/reports/{withdrawn}/",
        "log of a withdrawn report": f"/reports/{withdrawn}/notes/",
        "comparison": comparison,
        "comparison, printed": f"{comparison}print/",
        "comparison, export": f"{comparison}changes/xlsx/",
        "nothing changed": f"/packs/{pack}/compare/{newest}/{newest}/",
        "resource history": f"/resources/{resource}/",
        "rule history": f"/rules/{rule}/",
        "imports": "/imports/",
        "import": "/imports/1/",
        "not found": "/nowhere/",
    }


@pytest.fixture(scope="session")
def chromium() -> Iterator[webdriver.Chrome]:
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    for flag in CHROMIUM_FLAGS:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    with webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver"))) as driver:
        driver.set_script_timeout(WAIT_SECONDS)
        yield driver


@pytest.fixture(scope="session")
def signed_in_cookies(chromium: webdriver.Chrome, site_address: str) -> dict[str, str]:
    """The cookies after a sign-in with the form, which hashes a password for half a second."""
    user = BrowserUser(chromium, site_address)
    user.sign_in()
    return {cookie["name"]: cookie["value"] for cookie in chromium.get_cookies()}


@pytest.fixture
def user(
    chromium: webdriver.Chrome, site_address: str, signed_in_cookies: dict[str, str]
) -> Iterator[BrowserUser]:
    """The demo's administrator, signed in; the test fails if the console has warnings."""
    chromium.get("about:blank")  # stops the requests of the last test's page
    user = BrowserUser(chromium, site_address)
    user.take_console_messages()
    user.clear_cookies()
    user.set_cookies(signed_in_cookies)
    user.set_language("en")
    yield user
    assert user.take_console_messages() == []
