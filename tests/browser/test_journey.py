"""The main job of an officer in a real browser: generate a report, read it, download it."""

import hashlib

from selenium.webdriver.common.keys import Keys

from dashboard.sandbox.wsgi import Sandbox
from tests.browser.browser_user import BrowserUser
from tests.browser.generated_reports import generate_report, open_latest_report
from tests.browser.sandbox_control import get_pack_id, hold_report

RICH_PACK = "RMiT Financial Standard Compliance Pack"  # its files state risks, regions and rules
BIFF_SIGNATURE = bytes.fromhex("d0cf11e0a1b11ae1")
CLICK_AT_SIGNAL = """
const [pack] = arguments;
new BroadcastChannel("clicks").onmessage = () => {
  const row = [...document.querySelectorAll("tr")].find((row) => row.textContent.includes(pack));
  [...row.querySelectorAll("button")].find((button) => button.textContent.includes("Generate"))
    .click();
};
"""
SEND_SIGNAL = "new BroadcastChannel('clicks').postMessage('')"


def is_rule_open(user: BrowserUser) -> bool:
    return user.find("tbody th a").get_attribute("aria-expanded") == "true"


def test_sign_in_generate_watch_read_filter_open_a_rule_and_download_the_original(
    user: BrowserUser, sandbox: Sandbox
) -> None:
    generate_report(user, sandbox, RICH_PACK)
    path = open_latest_report(user, RICH_PACK)
    user.wait_for_text("could not be checked")

    user.find("tbody th a").click()
    user.wait_until(lambda: is_rule_open(user))
    failing = int(user.find("tbody td.tally").text.split("/")[0])
    assert len(user.find_all("tr.inset a[href*='/resources/']")) >= failing > 0
    user.press_keys(Keys.ESCAPE)
    user.wait_until(lambda: not is_rule_open(user))

    user.visit(f"{path}resources/?status=failing&risk=high")
    assert any(row.text for row in user.find_all("tbody tr"))
    user.browser.refresh()
    assert "status=failing" in user.browser.current_url

    user.visit(f"{path}evidence/")
    content = user.download(user.find_link("Download original").get_attribute("href") or "")
    assert hashlib.sha256(content).hexdigest() in user.browser.page_source
    assert content[:8] == BIFF_SIGNATURE


def test_the_main_job_works_without_javascript(user: BrowserUser) -> None:
    pack = "数据库合规管理最佳实践"
    user.enable_scripts(False)
    try:
        user.visit("/")
        user.find_row(pack).find_button("Generate").click()
        user.wait_for_address("/reports/")
        user.wait_for_text("original kept")
        assert user.find_link("Download original").get_attribute("href")
        assert user.find_all("tbody tr")
    finally:
        user.enable_scripts(True)


def test_the_main_job_works_by_keyboard_alone(user: BrowserUser, sandbox: Sandbox) -> None:
    user.visit("/")
    pack = "AccessKey and Permission Governance Best Practices"
    user.tab_to("Generate", pack)
    with hold_report(sandbox, pack):
        user.press_keys(Keys.ENTER)
        user.wait_until(lambda: "Cancel" in user.find_row(pack).text)
    user.wait_until(lambda: "Generate" in user.find_row(pack).text)


def test_clicks_in_two_tabs_at_once_make_one_report(user: BrowserUser, sandbox: Sandbox) -> None:
    pack = "PCI DSS Data Security Standard Pack"
    generated_before = sandbox.generated[get_pack_id(sandbox, pack)]
    user.visit("/")
    first_tab = user.browser.current_window_handle
    user.browser.switch_to.new_window("tab")
    user.visit("/")
    second_tab = user.browser.current_window_handle
    with hold_report(sandbox, pack):
        for tab in (first_tab, second_tab):
            user.browser.switch_to.window(tab)
            user.run_script(CLICK_AT_SIGNAL, pack)
        user.run_script(SEND_SIGNAL)
        for tab in (first_tab, second_tab):
            user.browser.switch_to.window(tab)
            user.wait_until(lambda: "Cancel" in user.find_row(pack).text)
    for tab in (second_tab, first_tab):
        user.browser.switch_to.window(tab)
        user.wait_until(lambda: "Generate" in user.find_row(pack).text)
        if tab == second_tab:
            user.browser.close()
    assert sandbox.generated[get_pack_id(sandbox, pack)] == generated_before + 1
    # The answer to a poll may replace the row of the pressed button before the press is answered:
    # that answer finds no row then, and the next poll brings what it would have shown.
    messages = user.take_console_messages()
    assert all("htmx:oobErrorNoTarget" in message for message in messages)


def test_a_failed_report_shows_its_cause_and_can_be_requested_again(
    user: BrowserUser, sandbox: Sandbox
) -> None:
    pack = "Network and Data Security Best Practices"
    sandbox.faults.set("html-page", pack=get_pack_id(sandbox, pack), times=1)
    user.visit("/")
    user.find_row(pack).find_button("Generate").click()
    user.wait_until(lambda: "failed" in user.find_row(pack).text)
    user.find_link(pack).click()
    user.wait_for_address("/packs/")
    user.wait_for_text("failed")
    user.find("main").find_button("Try again", "Generate").click()
    user.wait_for_text("ready", ".run[data-status=compliant]")
