"""The work of an officer on the pages, and what the pages must not do meanwhile."""

import datetime as dt
import json
import zipfile
from pathlib import Path

from selenium.webdriver.common.keys import Keys

from dashboard.management.demo_data import NAME, PASSWORD
from dashboard.sandbox.wsgi import Sandbox
from tests.browser.browser_history import CHINESE_PACK_ID
from tests.browser.browser_user import BrowserUser
from tests.browser.sandbox_control import get_pack_id, hold_report
from tests.installation import Installation

ACCESS_KEY_PACK = "AccessKey and Permission Governance Best Practices"
RECORD_ANNOUNCEMENTS = """
window.announcements = [];
const region = document.querySelector("[role=status]");
new MutationObserver(() => window.announcements.push(region.textContent))
  .observe(region, {childList: true, characterData: true});
"""
# After each press of Tab, records the focused element if it is entirely beneath a sticky header.
RECORD_HIDDEN_FOCUS = """
window.keyCount = 0;
window.hiddenFocus = [];
document.addEventListener("keyup", (event) => {
  if (event.key !== "Tab") return;
  window.keyCount += 1;
  const focused = document.activeElement, inner = focused.getBoundingClientRect();
  const headers = [...document.querySelectorAll(".reporthead, thead th")];
  const isHidden = focused !== document.body && headers.some((header) => {
    const outer = header.getBoundingClientRect();
    return !header.contains(focused) && inner.top >= outer.top && inner.bottom <= outer.bottom &&
      inner.left >= outer.left && inner.right <= outer.right;
  });
  if (isHidden) window.hiddenFocus.push(focused.outerHTML.slice(0, 120));
});
"""
COUNT_RESPONSES = """
window.responses = 0;
document.addEventListener("htmx:afterRequest", () => { window.responses += 1; });
"""
RETURN_TO_TAB = "document.dispatchEvent(new Event('visibilitychange'))"


def return_to_the_tab(user: BrowserUser, times: int) -> None:
    """Return to the tab several times; each time the page polls at once. Wait for the responses."""
    user.run_script(COUNT_RESPONSES)
    for _ in range(times):
        responses_before = user.run_script("return window.responses")
        user.run_script(RETURN_TO_TAB)
        wait_for_more_responses(user, responses_before)


def wait_for_more_responses(user: BrowserUser, than: int) -> None:
    user.wait_until(lambda: user.run_script("return window.responses") > than)


def get_announcements(user: BrowserUser) -> list[str]:
    return list(user.run_script("return window.announcements"))


def close_open_row_by_escape(user: BrowserUser) -> None:
    """Wait until the row has opened, and close it."""
    user.wait_until(lambda: user.find_all("tr.inset") and user.find_all("[data-close]"))
    user.press_keys(Keys.ESCAPE)
    user.wait_until(lambda: not user.find_all("tr.inset"))


def test_the_focus_is_never_hidden_under_a_sticky_header(
    user: BrowserUser, page_paths: dict[str, str]
) -> None:
    user.set_screen(1440, 640)
    for name in ("rules, one open", "resources", "home"):
        user.visit(page_paths[name])
        user.run_script(RECORD_HIDDEN_FOCUS)
        user.press_keys(Keys.TAB * 40, Keys.SHIFT + Keys.TAB * 40)
        key_count, hidden_focus = user.run_script("return [window.keyCount, window.hiddenFocus]")
        assert key_count >= 80
        assert hidden_focus == []


def test_twenty_polls_disturb_nothing_and_announce_nothing(
    user: BrowserUser, page_paths: dict[str, str], sandbox: Sandbox
) -> None:
    user.visit(page_paths["pack"])
    with hold_report(sandbox, sandbox.cloud_state.packs[CHINESE_PACK_ID].name):
        user.find(".generate button").click()
        user.wait_for_text("preparing", ".steps [aria-current=step]")
        user.wait_until(
            lambda: "preparing" in str(user.find("#announcements").get_attribute("textContent"))
        )
        user.find("details.numbers summary").click()
        # This very element must survive the polls, so it is located once only.
        field = user.find("#reports [name=by]").locate()
        field.send_keys("offic")
        user.run_script(RECORD_ANNOUNCEMENTS + "scrollTo(0, 300)")
        return_to_the_tab(user, 20)
        assert user.find("details.numbers").get_attribute("open") is not None
        assert user.find_focus().locate() == field
        assert field.get_attribute("value") == "offic"
        assert user.run_script("return scrollY") == 300
        assert get_announcements(user) == []
        user.wait_until(lambda: not user.find_all(".run [aria-disabled]"))
        user.find(".run form button").click()
        user.wait_for_text("cancelled")


def test_the_polls_of_a_bulk_generation_keep_the_focus_and_the_chosen_state(
    user: BrowserUser, page_paths: dict[str, str]
) -> None:
    user.visit(page_paths["bulk generation"] + "?state=asked")
    for name in ("bulk-asked", "bulk-cancel"):
        user.run_script("document.getElementById(arguments[0]).focus()", name)
        return_to_the_tab(user, 2)
        assert user.find_focus().get_attribute("id") == name
        assert user.find("#bulk-asked").get_attribute("aria-current") == "true"
    user.visit(page_paths["home"])
    line = user.find("#bulk-lines a").get_attribute("id")
    user.run_script("document.querySelector('#bulk-lines a').focus()")
    return_to_the_tab(user, 2)
    assert user.find_focus().get_attribute("id") == line


def test_a_second_press_on_generate_leaves_the_run_alone(
    user: BrowserUser, sandbox: Sandbox
) -> None:
    user.visit("/")
    with hold_report(sandbox, ACCESS_KEY_PACK):
        button = user.find_row(ACCESS_KEY_PACK).find_button("Generate", "Cancel")
        button.click()
        user.wait_until(lambda: "Cancel" in button.text)
        button.click()
        assert button.get_attribute("aria-disabled") == "true"
        user.wait_until(lambda: button.get_attribute("aria-disabled") is None)
        assert "Cancel" in button.text
    user.wait_until(lambda: "Generate" in button.text)
    assert "failed" not in user.find_row(ACCESS_KEY_PACK).text


def test_a_lost_sign_in_is_said_under_the_open_page(user: BrowserUser) -> None:
    user.visit("/")
    assert not user.find("#signed-out").locate().is_displayed()
    user.browser.delete_cookie("ledger_session")
    user.find_row(ACCESS_KEY_PACK).find_button("Generate").click()
    user.wait_until(lambda: "You are signed out." in user.find("#signed-out").text)
    assert user.find_row(ACCESS_KEY_PACK).text
    user.find_link("Sign in again").click()
    user.wait_for_address("/accounts/login/?next=/")


def test_the_trend_opens_at_its_newest_end_on_a_phone(
    user: BrowserUser, page_paths: dict[str, str]
) -> None:
    user.set_screen(360, 740)
    user.visit(page_paths["trend"])
    chart_end = "document.querySelector('svg.trend').getBoundingClientRect().right"
    assert user.run_script(f"return {chart_end} <= innerWidth")


def test_a_long_pack_name_hides_nothing_and_widens_no_page(
    user: BrowserUser, installation: Installation, page_paths: dict[str, str]
) -> None:
    name = "等保三级预检合规包" * 8 + "-" + "VeryLongPackName" * 7
    (old_name,) = installation.query_rows(
        f"SELECT name FROM dashboard_pack WHERE pack_id = '{CHINESE_PACK_ID}'"
    )[0]
    rename_pack(installation, name)
    try:
        for width in (360, 1440):
            user.set_screen(width, 740)
            for page in ("home", "pack", "rules", "comparison", "trend", "history", "search"):
                user.visit(page_paths[page])
                assert user.get_overflow() <= 0, (page, width)
            user.visit(page_paths["rules"])
            box = user.run_script(
                "const small = document.querySelector('h1 small');"
                "const box = small.getBoundingClientRect();"
                "return [box.right <= innerWidth, box.height > 0, small.textContent]"
            )
            assert box[:2] == [True, True]
            assert "report of 20" in box[2]
    finally:
        rename_pack(installation, str(old_name))


def rename_pack(installation: Installation, name: str) -> None:
    """Rename the Chinese pack, now and in its reports."""
    installation.run_python(
        "from dashboard.models import Pack, Report",
        f"packs = Pack.objects.filter(pack_id={CHINESE_PACK_ID!r})",
        f"packs.update(name={name!r})",
        f"Report.objects.filter(pack__in=packs).update(pack_name={name!r})",
    )


def test_each_state_of_a_report_is_announced_once(user: BrowserUser, sandbox: Sandbox) -> None:
    user.visit("/")
    user.run_script(RECORD_ANNOUNCEMENTS)
    with hold_report(sandbox, ACCESS_KEY_PACK):
        user.find_row(ACCESS_KEY_PACK).find_button("Generate").click()
        user.wait_until(lambda: "Cancel" in user.find_row(ACCESS_KEY_PACK).text)
    user.wait_until(lambda: "Generate" in user.find_row(ACCESS_KEY_PACK).text)
    user.wait_until(
        lambda: get_announcements(user) and "ready" in get_announcements(user)[-1].lower()
    )
    announcements = get_announcements(user)
    assert len(set(announcements)) == len(announcements)


def test_a_report_that_ends_changes_the_counts_above_the_table(
    user: BrowserUser, sandbox: Sandbox
) -> None:
    sandbox.faults.set("html-page", pack=get_pack_id(sandbox, ACCESS_KEY_PACK), times=1)
    user.visit("/")
    failed_before = int(user.find("#packs-failed").text)
    user.find_row(ACCESS_KEY_PACK).find_button("Generate").click()
    user.wait_until(lambda: user.find("#packs-failed").text == str(failed_before + 1))
    assert "failed" in user.find_row(ACCESS_KEY_PACK).text


def test_escape_closes_an_open_row_and_returns_the_focus(
    user: BrowserUser, page_paths: dict[str, str]
) -> None:
    user.visit(page_paths["resources"])
    user.find("tbody th a").click()
    close_open_row_by_escape(user)
    assert user.find("tbody th a").has_focus()


def test_filters_survive_reload_back_and_another_language(
    user: BrowserUser, page_paths: dict[str, str]
) -> None:
    user.visit(page_paths["resources"])
    user.find("#f-risk [value=high]").click()
    user.wait_for_address("risk=high")
    user.wait_until(lambda: user.find_all("#f-risk [value=high][selected]"))
    row_count = len(user.find_all("tbody tr"))
    user.browser.refresh()
    assert len(user.find_all("tbody tr")) == row_count > 0
    user.find_link("Evidence").click()
    user.wait_for_address("/evidence/")
    user.browser.back()
    user.wait_until(lambda: user.find("#f-risk").get_attribute("value") == "high")
    user.choose_language("zh-hans")
    assert "risk=high" in user.browser.current_url
    assert user.find("#f-risk").get_attribute("value") == "high"
    assert len(user.find_all("tbody tr")) == row_count


def test_an_export_has_as_many_rows_as_the_page_counts(
    user: BrowserUser, page_paths: dict[str, str]
) -> None:
    user.visit(page_paths["resources"])
    row_count = int(user.find("caption").text.split(" of ")[0].replace(",", ""))
    user.find(".acts details.menu summary").click()
    export = json.loads(user.download(user.find_link("JSON").get_attribute("href") or ""))
    assert len(export["rows"]) == export["metadata"]["rows"] == row_count > 0


def test_the_main_job_works_by_keyboard_alone_in_chinese(
    user: BrowserUser, sandbox: Sandbox
) -> None:
    user.visit("/")
    user.choose_language("zh-hans")
    user.clear_cookies()
    user.visit("/")
    user.wait_until(user.find("[name=username]").has_focus)
    user.press_keys(NAME, Keys.TAB, PASSWORD, Keys.ENTER)
    user.wait_to_leave("/accounts/login/")
    user.tab_to("生成报告", ACCESS_KEY_PACK)
    with hold_report(sandbox, ACCESS_KEY_PACK):
        user.press_keys(Keys.ENTER)
        user.wait_until(lambda: "取消" in user.find_row(ACCESS_KEY_PACK).text)
    user.wait_until(lambda: "生成报告" in user.find_row(ACCESS_KEY_PACK).text)
    user.tab_to(f"{dt.datetime.now(dt.UTC):%Y-%m}", ACCESS_KEY_PACK)
    user.press_keys(Keys.ENTER)
    user.wait_for_address("/reports/")
    user.press_keys("j", Keys.ENTER)
    close_open_row_by_escape(user)
    user.press_keys("/", "oss", Keys.ENTER)
    user.wait_for_address("q=oss")
    user.visit(user.get_current_path().split("?")[0])
    user.tab_to("原始文件")


def test_a_comparison_leads_to_the_history_of_a_fixed_resource(
    user: BrowserUser, page_paths: dict[str, str]
) -> None:
    user.visit(page_paths["pack"])
    oldest = user.find("#reports tbody tr:nth-last-child(1 of :has([name=a])) [name=a]")
    oldest.click()
    user.wait_until(lambda: oldest.locate().is_selected())
    user.find("#reports button[formaction$='/compare/']").click()
    user.wait_for_address("/compare/")
    fixed_count = int(user.find(".cards [href*='bucket=fixed'] .huge").text)
    user.find(".cards [href*='bucket=fixed']").click()
    user.wait_for_address("bucket=fixed")
    assert len(user.find_all("tbody tr:not(.group)")) == fixed_count > 0
    user.find("tbody td a.id").click()
    user.wait_for_address("/resources/")
    assert len(user.find_all(".periods li")) > 1


def test_a_label_is_shown_at_its_report_and_in_the_log(
    user: BrowserUser, page_paths: dict[str, str]
) -> None:
    user.visit(page_paths["label"])
    user.find("[name=label]").type_text("for the audit")
    user.find("main form.fields button").click()
    user.wait_for_text("for the audit", "table")
    user.visit(page_paths["pack"])
    user.wait_for_text("for the audit", "#reports")


def test_a_zip_with_one_broken_file_imports_the_others(
    user: BrowserUser, page_paths: dict[str, str], tmp_path: Path
) -> None:
    user.visit(page_paths["rules, none fails"])
    original = user.download(user.find_link("Download original").get_attribute("href") or "")
    zip_path = tmp_path / "old.zip"
    with zipfile.ZipFile(zip_path, "w") as file:
        file.writestr("old report.xls", original)
        file.writestr("broken.xls", b"<html>502</html>")
    user.visit("/imports/")
    user.find("#files").type_text(str(zip_path))
    user.find("main form.fields button").click()
    user.wait_for_text("1 of 2 files imported or already there")
    assert "rejected" in user.find_row("broken.xls").text
    user.find_row("old report.xls").find("a[href^='/reports/']").click()
    user.wait_for_address("/reports/")
