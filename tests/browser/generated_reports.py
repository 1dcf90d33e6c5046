"""Generate reports in the browser, as an officer does."""

from dashboard.sandbox.wsgi import Sandbox
from tests.browser.browser_user import BrowserUser
from tests.browser.sandbox_control import hold_report


def generate_report(user: BrowserUser, sandbox: Sandbox, pack: str) -> None:
    """Click Generate in the pack's row and wait, without a reload, for the report's time."""
    user.visit("/")
    times_before = len(user.find_row(pack).find_all("a time"))
    with hold_report(sandbox, pack):
        user.find_row(pack).find_button("Generate").click()
        user.wait_until(
            lambda: "asked" in user.find_row(pack).text or "preparing" in user.find_row(pack).text
        )
    user.wait_until(lambda: "Generate" in user.find_row(pack).text)
    assert len(user.find_row(pack).find_all("a time")) >= max(times_before, 1)


def open_latest_report(user: BrowserUser, pack: str) -> str:
    """Open the report from the pack's row and return its path."""
    user.find_row(pack).find("a:has(time)").click()
    user.wait_for_address("/reports/")
    return user.get_current_path()
