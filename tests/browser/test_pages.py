"""What an officer does on the pages, and what they must never do to an officer."""

import functools
import json
import zipfile
from pathlib import Path

from selenium.webdriver.common.keys import Keys

from dashboard.management.demo_data import NAME, PASSWORD
from dashboard.sandbox.accounts import STAGING
from dashboard.sandbox.wsgi import Sandbox
from tests.browser.cloud import held, id_of
from tests.browser.conftest import CHINESE, SPOTLESS
from tests.browser.person import Person

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


def close_by_escape(person: Person) -> None:
    """Waits for the row that is being opened, and closes it."""
    person.wait(lambda: person.all("tr.inset") and person.all("[data-close]"))
    person.press(Keys.ESCAPE)
    person.wait(lambda: not person.all("tr.inset"))


def test_no_page_scrolls_sideways_on_the_narrowest_phone(
    person: Person, pages: dict[str, str]
) -> None:
    person.dress(320, 640)
    over = {}
    for name, path in pages.items():
        person.visit(path)
        if (pixels := person.browser.execute_script(OVERFLOW)) > 0:
            over[name] = pixels
    person.complaints()  # the page that is not there is in the console
    assert over == {}


def test_the_focus_is_never_hidden_under_what_stays_above(
    person: Person, pages: dict[str, str]
) -> None:
    person.dress(1440, 640)
    for name in ("rules, one open", "resources", "home"):
        person.visit(pages[name])
        for key in (Keys.TAB, Keys.SHIFT + Keys.TAB):
            for _ in range(40):
                person.press(key)
                assert not person.browser.execute_script(HIDDEN)


def test_twenty_polls_disturb_nothing_and_say_nothing(
    person: Person, pages: dict[str, str], sandbox: Sandbox
) -> None:
    person.visit(pages["pack"])
    with held(sandbox, sandbox.cloud_state.packs[CHINESE].name):
        person.find(".generate button").click()
        person.reads("preparing", ".steps [aria-current=step]")
        person.wait(lambda: "preparing" in str(person.find("#say").attribute("textContent")))
        person.find("details.numbers summary").click()
        field = person.find(
            "#reports [name=by]"
        ).element()  # this one, not one like it, must outlast the polls
        field.send_keys("offic")
        person.browser.execute_script(LISTEN + "scrollTo(0, 300)")
        return_to_the_tab(person, 20)
        assert person.find("details.numbers").attribute("open") is not None
        assert person.focus().element() == field
        assert field.get_attribute("value") == "offic"
        assert person.browser.execute_script("return [scrollY, window.said]") == [300, []]
        person.find(".run form button").click()
        person.reads("cancelled")


def test_each_state_of_a_run_is_announced_once(person: Person, sandbox: Sandbox) -> None:
    def said() -> list[str]:
        return list(person.browser.execute_script("return window.said"))

    person.visit("/")
    person.browser.execute_script(LISTEN)
    with held(sandbox, QUICK):
        person.row(QUICK).button("Generate").click()
        person.wait(lambda: "Cancel" in person.row(QUICK).text)
    person.wait(lambda: "Generate" in person.row(QUICK).text)
    person.wait(lambda: said() and "ready" in said()[-1].lower())
    assert len(set(said())) == len(said())


def test_a_run_that_ends_changes_the_numbers_above_the_table(
    person: Person, sandbox: Sandbox
) -> None:
    sandbox.faults.set("html-page", pack=id_of(sandbox, QUICK), times=1)
    person.visit("/")
    failed = int(person.find("#packs-failed").text)
    person.row(QUICK).button("Generate").click()
    person.wait(lambda: person.find("#packs-failed").text == str(failed + 1))
    assert "failed" in person.row(QUICK).text


def test_escape_closes_an_opened_row_and_gives_the_focus_back(
    person: Person, pages: dict[str, str]
) -> None:
    person.visit(pages["resources"])
    person.find("tbody th a").click()
    close_by_escape(person)
    assert person.find("tbody th a").has_focus()


def test_filters_survive_reload_back_and_another_language(
    person: Person, pages: dict[str, str]
) -> None:
    person.visit(pages["resources"])
    person.find("#f-risk [value=high]").click()
    person.arrives("risk=high")
    person.wait(lambda: person.all("#f-risk [value=high][selected]"))
    rows = len(person.all("tbody tr"))
    person.browser.refresh()
    assert len(person.all("tbody tr")) == rows > 0
    person.link("Evidence").click()
    person.arrives("/evidence/")
    person.browser.back()
    person.wait(lambda: person.find("#f-risk").attribute("value") == "high")
    person.speak("zh-hans")
    assert "risk=high" in person.browser.current_url
    assert person.find("#f-risk").attribute("value") == "high"
    assert len(person.all("tbody tr")) == rows


def test_an_export_has_the_rows_that_the_screen_counts(
    person: Person, pages: dict[str, str]
) -> None:
    person.visit(pages["resources"])
    shown = int(person.find("caption").text.split(" of ")[0].replace(",", ""))
    person.find(".acts details.menu summary").click()
    found = json.loads(person.download(person.link("JSON").attribute("href") or ""))
    assert len(found["rows"]) == found["metadata"]["rows"] == shown > 0


def test_the_journey_goes_by_keyboard_alone_in_chinese(person: Person, sandbox: Sandbox) -> None:
    person.speak("zh-hans")
    person.browser.delete_all_cookies()
    person.visit("/")
    person.wait(person.find("[name=username]").has_focus)
    person.press(NAME, Keys.TAB, PASSWORD, Keys.ENTER)
    person.leaves("/accounts/login/")
    person.tab_to("生成报告", QUICK)
    with held(sandbox, QUICK):
        person.press(Keys.ENTER)
        person.wait(lambda: "取消" in person.row(QUICK).text)
    person.wait(lambda: "生成报告" in person.row(QUICK).text)
    person.tab_to("CST", QUICK)
    person.press(Keys.ENTER)
    person.arrives("/reports/")
    person.press("j", Keys.ENTER)
    close_by_escape(person)
    person.press("/", "oss", Keys.ENTER)
    person.arrives("q=oss")
    person.visit(person.browser.current_url.removeprefix(person.site).split("?")[0])
    person.tab_to("原始文件")


def test_two_reports_are_compared_and_failing_since_leads_to_the_resources_past(
    person: Person, pages: dict[str, str]
) -> None:
    person.visit(pages["pack"])
    oldest = person.find("#reports tbody tr:nth-last-child(1 of :has([name=a])) [name=a]")
    oldest.click()
    person.wait(lambda: oldest.element().is_selected())
    person.find("#reports form[action$='/compare/'] button").click()
    person.arrives("/compare/")
    fixed = int(person.find(".cards [href*='bucket=fixed'] .huge").text)
    person.find(".cards [href*='bucket=fixed']").click()
    person.arrives("bucket=fixed")
    assert len(person.all("tbody tr:not(.group)")) == fixed > 0
    person.find("tbody td a.id").click()
    person.arrives("/resources/")
    assert len(person.all(".stretches li")) > 1


def test_a_label_stands_at_its_report_and_in_the_log(person: Person, pages: dict[str, str]) -> None:
    person.visit(pages["label"])
    person.find("[name=label]").type("for the audit")
    person.find("main form.fields button").click()
    person.reads("for the audit", "table")
    person.visit(pages["pack"])
    person.reads("for the audit", "#reports")


def test_a_zip_with_one_broken_file_brings_in_the_others(
    person: Person, pages: dict[str, str], tmp_path: Path
) -> None:
    person.visit(pages["rules, none fails"])
    original = person.download(person.link("Download original").attribute("href") or "")
    bundle = tmp_path / "old.zip"
    with zipfile.ZipFile(bundle, "w") as file:
        file.writestr(f"{STAGING.uid}-{SPOTLESS}-report-202510010900.xls", original)
        file.writestr("broken.xls", b"<html>502</html>")
    person.visit("/imports/")
    person.find("#files").type(str(bundle))
    person.find("main form.fields button").click()
    person.reads("1 of 2 files imported or already there")
    assert "rejected" in person.row("broken.xls").text
    person.row("report-202510010900").find("a[href^='/reports/']").click()
    person.arrives("/reports/")
    person.reads("2025-10-01 09:00 CST")
