"""The main job, walked in a real browser."""

import hashlib
import urllib.request

from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from dashboard.sandbox.wsgi import Sandbox
from tests.browser.person import Person

PACK = "OSS 合规管理最佳实践"


def generate(person: Person, pack: str) -> None:
    """Clicks Generate in the pack's row and waits, on the page as it is, for the report's time to stand there."""
    person.visit("/")
    before = len(person.row(pack).find_elements(By.CSS_SELECTOR, "a time"))
    person.row(pack).find_element(By.XPATH, ".//button[contains(., 'Generate')]").click()
    person.wait(lambda: "asked" in person.row(pack).text or "preparing" in person.row(pack).text)
    person.wait(lambda: "Generate" in person.row(pack).text)
    assert len(person.row(pack).find_elements(By.CSS_SELECTOR, "a time")) >= max(before, 1)


def open_report(person: Person, pack: str) -> str:
    person.row(pack).find_element(By.CSS_SELECTOR, "a:has(time)").click()
    person.wait(lambda: "/reports/" in person.browser.current_url)
    return person.browser.current_url


def test_sign_in_generate_watch_read_filter_open_a_rule_and_download_the_original(
    person: Person, sandbox: Sandbox
) -> None:
    generate(person, PACK)
    address = open_report(person, PACK)
    person.reads("numbers reconcile")

    person.find("tbody th a").click()
    person.wait(lambda: person.find("tbody th a").get_attribute("aria-expanded") == "true")
    failing = int(person.find("tbody td.tally").text.split("/")[0])
    assert len(person.all("tr.inset a[href*='/resources/']")) >= failing > 0
    person.browser.switch_to.active_element.send_keys(Keys.ESCAPE)
    person.wait(lambda: person.find("tbody th a").get_attribute("aria-expanded") == "false")

    person.visit(address.removeprefix(person.site) + "resources/?status=failing&risk=high")
    shown = {row.text.split()[1] for row in person.all("tbody tr") if row.text}
    assert shown
    person.browser.refresh()
    assert "status=failing" in person.browser.current_url

    person.visit(address.removeprefix(person.site) + "evidence/")
    original = person.link("Download original").get_attribute("href")
    assert original
    cookie = "; ".join(f"{cookie['name']}={cookie['value']}" for cookie in person.browser.get_cookies())
    request = urllib.request.Request(original, headers={"Cookie": cookie})  # noqa: S310  # the site's own address
    with urllib.request.urlopen(request) as answer:  # noqa: S310  # as above
        content = answer.read()
    assert hashlib.sha256(content).hexdigest() in person.browser.page_source
    assert content[:8] == bytes.fromhex("d0cf11e0a1b11ae1")


def test_the_main_job_works_without_javascript(person: Person) -> None:
    pack = "数据库合规管理最佳实践"
    person.scripts(on=False)
    try:
        person.visit("/")
        person.row(pack).find_element(By.XPATH, ".//button[contains(., 'Generate')]").click()
        person.wait(lambda: "/reports/" in person.browser.current_url)
        person.reads("Download original")
        assert person.all("tbody tr")
    finally:
        person.scripts(on=True)


def test_the_main_job_works_by_keyboard_alone(person: Person) -> None:
    person.visit("/")
    pack = "AccessKey and Permission Governance Best Practices"
    for _ in range(80):
        focused = person.browser.switch_to.active_element
        row = focused.find_elements(By.XPATH, "./ancestor::tr")
        if row and pack in row[0].text and "Generate" in focused.text:
            break
        focused.send_keys(Keys.TAB)
    focused.send_keys(Keys.ENTER)
    person.wait(lambda: "Cancel" in person.row(pack).text)
    person.wait(lambda: "Generate" in person.row(pack).text)


def test_two_people_clicking_at_once_make_one_report(person: Person, sandbox: Sandbox) -> None:
    pack = "PCI DSS Data Security Standard Pack"
    before = sandbox.generated["cp-a5d2708b6c1e4f93b021"]
    person.visit("/")
    first = person.browser.current_window_handle
    person.browser.switch_to.new_window("tab")
    person.visit("/")
    second = person.browser.current_window_handle
    for tab in (first, second):
        person.browser.switch_to.window(tab)
        person.row(pack).find_element(By.XPATH, ".//button[contains(., 'Generate')]").click()
    for tab in (second, first):
        person.browser.switch_to.window(tab)
        person.wait(lambda: "Generate" in person.row(pack).text)
        if tab == second:
            person.browser.close()
    assert sandbox.generated["cp-a5d2708b6c1e4f93b021"] == before + 1


def test_a_failed_run_tells_its_cause_and_can_be_tried_again(person: Person, sandbox: Sandbox) -> None:
    pack = "RMiT Financial Standard Compliance Pack"
    sandbox.faults.set("html-page", times=1)
    person.visit("/")
    person.row(pack).find_element(By.XPATH, ".//button[contains(., 'Generate')]").click()
    person.wait(lambda: "failed" in person.row(pack).text)
    person.link(pack).click()
    person.reads("failed")
    person.find("main").find_element(By.XPATH, ".//button[contains(., 'Try again') or contains(., 'Generate')]").click()
    person.reads("ready")
