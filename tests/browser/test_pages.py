"""What an officer does on the pages, and what they must never do to an officer."""

import functools
import json
import urllib.request
import zipfile
from pathlib import Path

from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.select import Select

from dashboard.demo import NAME, PASSWORD
from dashboard.sandbox.accounts import STAGING
from dashboard.sandbox.wsgi import Sandbox
from tests.browser.conftest import CHINESE, SPOTLESS
from tests.browser.person import Person

PACK = "等保三级预检合规包"
QUICK = "AccessKey and Permission Governance Best Practices"
OVERFLOW = "return document.documentElement.scrollWidth - innerWidth"
LISTEN = """
window.said = [];
const say = document.querySelector("[role=status]");
new MutationObserver(() => window.said.push(say.textContent)).observe(say, {childList: true, characterData: true});
"""
# Whether the focused element lies, in whole, beneath what stays above the rows.
HIDDEN = """
const here = document.activeElement, rect = here.getBoundingClientRect();
const above = [...document.querySelectorAll(".reporthead, thead th")].filter((one) => !one.contains(here));
return here !== document.body && above.some((one) => {
  const over = one.getBoundingClientRect();
  return rect.top >= over.top && rect.bottom <= over.bottom && rect.left >= over.left && rect.right <= over.right;
}) && here.outerHTML.slice(0, 120);
"""


def download(person: Person, address: str) -> bytes:
    """What the browser would save, fetched with its session."""
    cookie = "; ".join(f"{cookie['name']}={cookie['value']}" for cookie in person.browser.get_cookies())
    request = urllib.request.Request(address, headers={"Cookie": cookie})  # noqa: S310  # the site's own address
    with urllib.request.urlopen(request) as answer:  # noqa: S310  # as above
        return bytes(answer.read())


def keyed(person: Person, *keys: str) -> None:
    """Keys pressed wherever the focus is."""
    for key in keys:
        person.browser.switch_to.active_element.send_keys(key)


def tab_to(person: Person, words: str, row: str = "") -> None:
    """Walks by Tab to the link or button that bears these words, in that row of a table if one is named."""
    for _ in range(120):
        keyed(person, Keys.TAB)
        here = person.browser.switch_to.active_element
        if words in here.text and (
            not row or any(row in one.text for one in here.find_elements(By.XPATH, "./ancestor::tr"))
        ):
            return
    raise AssertionError(f"no {words} within 120 tabs")


def return_to_the_tab(person: Person, times: int) -> None:
    """Comes back to the tab, at which the page asks at once, as often as told; waits for each answer."""
    person.browser.execute_script(
        "window.answers = 0; document.addEventListener('htmx:afterRequest', () => { window.answers += 1; });"
    )
    answers = "return window.answers"
    for _ in range(times):
        before = person.browser.execute_script(answers)
        person.browser.execute_script("document.dispatchEvent(new Event('visibilitychange'))")
        person.wait(functools.partial(later, person, answers, before))


def later(person: Person, question: str, than: int) -> bool:
    return bool(person.browser.execute_script(question) > than)


def test_no_page_scrolls_sideways_on_the_narrowest_phone(person: Person, pages: dict[str, str]) -> None:
    person.dress(320, 640)
    over = {}
    for name, path in pages.items():
        person.visit(path)
        if (pixels := person.browser.execute_script(OVERFLOW)) > 0:
            over[name] = pixels
    person.complaints()  # the page that is not there is in the console
    assert over == {}


def test_the_focus_is_never_hidden_under_what_stays_above(person: Person, pages: dict[str, str]) -> None:
    person.dress(1440, 640)
    for name in ("rules, one open", "resources", "home"):
        person.visit(pages[name])
        for key in (Keys.TAB, Keys.SHIFT + Keys.TAB):
            for _ in range(40):
                keyed(person, key)
                assert not person.browser.execute_script(HIDDEN)


def test_twenty_polls_disturb_nothing_and_say_nothing(person: Person, pages: dict[str, str], sandbox: Sandbox) -> None:
    sandbox.faults.set("never-completes", pack=CHINESE)
    person.visit(pages["pack"])
    person.find(".generate button").click()
    person.wait(lambda: person.all(".steps [aria-current=step]"))
    person.wait(lambda: "preparing" in person.find(".steps [aria-current=step]").text)
    person.find("details.numbers summary").click()
    field = person.find("#reports [name=by]")
    field.send_keys("offic")
    person.browser.execute_script(LISTEN + "scrollTo(0, 300)")
    return_to_the_tab(person, 20)
    assert person.find("details.numbers").get_attribute("open") is not None
    assert person.browser.switch_to.active_element == field
    assert field.get_attribute("value") == "offic"
    assert person.browser.execute_script("return [scrollY, window.said]") == [300, []]
    sandbox.faults.clear("never-completes")
    person.find(".run form button").click()
    person.reads("cancelled")


def test_each_state_of_a_run_is_announced_once(person: Person) -> None:
    person.visit("/")
    person.browser.execute_script(LISTEN)
    person.row(QUICK).find_element(By.XPATH, ".//button[contains(., 'Generate')]").click()
    person.wait(lambda: "Cancel" in person.row(QUICK).text)
    person.wait(lambda: "Generate" in person.row(QUICK).text)
    said = person.browser.execute_script("return window.said")
    assert said
    assert len(set(said)) == len(said)
    assert "ready" in said[-1].lower()


def test_a_run_that_ends_changes_the_numbers_above_the_table(person: Person, sandbox: Sandbox) -> None:
    sandbox.faults.set("html-page", times=1)
    person.visit("/")
    failed = int(person.find("#packs-failed").text)
    person.row(QUICK).find_element(By.XPATH, ".//button[contains(., 'Generate')]").click()
    person.wait(lambda: person.find("#packs-failed").text == str(failed + 1))
    assert "failed" in person.row(QUICK).text


def test_escape_closes_an_opened_row_and_gives_the_focus_back(person: Person, pages: dict[str, str]) -> None:
    person.visit(pages["resources"])
    person.find("tbody th a").click()
    person.wait(lambda: person.all("tr.inset"))
    keyed(person, Keys.ESCAPE)
    person.wait(lambda: not person.all("tr.inset"))
    assert person.browser.switch_to.active_element == person.find("tbody th a")


def test_filters_survive_reload_back_and_another_language(person: Person, pages: dict[str, str]) -> None:
    person.visit(pages["resources"])
    Select(person.find("#f-risk")).select_by_value("high")
    person.wait(lambda: "risk=high" in person.browser.current_url)
    rows = len(person.all("tbody tr"))
    person.browser.refresh()
    assert len(person.all("tbody tr")) == rows > 0
    person.link("Evidence").click()
    person.wait(lambda: "/evidence/" in person.browser.current_url)
    person.browser.back()
    person.wait(lambda: person.find("#f-risk").get_attribute("value") == "high")
    person.speak("zh-hans")
    assert "risk=high" in person.browser.current_url
    assert person.find("#f-risk").get_attribute("value") == "high"
    assert len(person.all("tbody tr")) == rows


def test_an_export_has_the_rows_that_the_screen_counts(person: Person, pages: dict[str, str]) -> None:
    person.visit(pages["resources"])
    shown = int(person.find("caption").text.split(" of ")[0].replace(",", ""))
    person.find(".acts details.menu summary").click()
    address = person.link("JSON").get_attribute("href") or ""
    found = json.loads(download(person, address))
    assert len(found["rows"]) == found["metadata"]["rows"] == shown > 0


def test_the_journey_goes_by_keyboard_alone_in_chinese(person: Person) -> None:
    person.speak("zh-hans")
    person.browser.delete_all_cookies()
    person.visit("/")
    keyed(person, NAME, Keys.TAB, PASSWORD, Keys.ENTER)
    person.wait(lambda: "/accounts/login/" not in person.browser.current_url)
    tab_to(person, "生成报告", QUICK)
    keyed(person, Keys.ENTER)
    person.wait(lambda: "取消" in person.row(QUICK).text)
    person.wait(lambda: "生成报告" in person.row(QUICK).text)
    tab_to(person, "CST", QUICK)
    keyed(person, Keys.ENTER)
    person.wait(lambda: "/reports/" in person.browser.current_url)
    keyed(person, "j", Keys.ENTER)
    person.wait(lambda: person.all("tr.inset"))
    keyed(person, Keys.ESCAPE)
    person.wait(lambda: not person.all("tr.inset"))
    keyed(person, "/", "oss", Keys.ENTER)
    person.wait(lambda: "q=oss" in person.browser.current_url)
    person.visit(person.browser.current_url.removeprefix(person.site).split("?")[0])
    tab_to(person, "原始文件")


def test_two_reports_are_compared_and_failing_since_leads_to_the_resources_past(
    person: Person, pages: dict[str, str]
) -> None:
    person.visit(pages["pack"])
    oldest = person.all("input[name=a]")[-1]
    oldest.click()
    person.wait(oldest.is_selected)
    person.find("button[form=compare]").click()
    person.wait(lambda: "/compare/" in person.browser.current_url)
    fixed = int(person.find(".cards [href*='bucket=fixed'] .huge").text)
    person.find(".cards [href*='bucket=fixed']").click()
    person.wait(lambda: "bucket=fixed" in person.browser.current_url)
    assert len(person.all("tbody tr:not(.group)")) == fixed > 0
    person.find("tbody td a.id").click()
    person.wait(lambda: "/resources/" in person.browser.current_url)
    assert len(person.all(".stretches li")) > 1


def test_a_label_stands_at_its_report_and_in_the_log(person: Person, pages: dict[str, str]) -> None:
    person.visit(pages["label"])
    person.find("[name=label]").send_keys("for the audit")
    person.find("main form.fields button").click()
    person.reads("for the audit", "table")
    person.visit(pages["pack"])
    person.reads("for the audit", "#reports")


def test_a_zip_with_one_broken_file_brings_in_the_others(person: Person, pages: dict[str, str], tmp_path: Path) -> None:
    person.visit(pages["rules, none fails"])
    original = download(person, person.link("Download original").get_attribute("href") or "")
    bundle = tmp_path / "old.zip"
    with zipfile.ZipFile(bundle, "w") as file:
        file.writestr(f"{STAGING.uid}-{SPOTLESS}-report-202510010900.xls", original)
        file.writestr("broken.xls", b"<html>502</html>")
    person.visit("/imports/")
    person.find("#files").send_keys(str(bundle))
    person.find("main form.fields button").click()
    person.reads("1 of 2 files are in the history")
    assert "refused" in person.row("broken.xls").text
    person.row("report-202510010900").find_element(By.CSS_SELECTOR, "a[href^='/reports/']").click()
    person.reads("2025-10-01 09:00 CST")
