"""The main job, walked in a real browser."""

import hashlib

from selenium.webdriver.common.keys import Keys

from dashboard.sandbox.wsgi import Sandbox
from tests.browser.cloud import held, id_of
from tests.browser.person import Person

PACK = "OSS 合规管理最佳实践"


def generate(person: Person, sandbox: Sandbox, pack: str) -> None:
    """Clicks Generate in the pack's row and waits, on the page as it is, for the report's time to stand there."""
    person.visit("/")
    before = len(person.row(pack).all("a time"))
    with held(sandbox, pack):
        person.row(pack).button("Generate").click()
        person.wait(
            lambda: "asked" in person.row(pack).text or "preparing" in person.row(pack).text
        )
    person.wait(lambda: "Generate" in person.row(pack).text)
    assert len(person.row(pack).all("a time")) >= max(before, 1)


def open_report(person: Person, pack: str) -> str:
    person.row(pack).find("a:has(time)").click()
    person.arrives("/reports/")
    return person.browser.current_url


def test_sign_in_generate_watch_read_filter_open_a_rule_and_download_the_original(
    person: Person, sandbox: Sandbox
) -> None:
    generate(person, sandbox, PACK)
    address = open_report(person, PACK)
    person.reads("checked counts match")

    person.find("tbody th a").click()
    person.wait(lambda: person.find("tbody th a").attribute("aria-expanded") == "true")
    failing = int(person.find("tbody td.tally").text.split("/")[0])
    assert len(person.all("tr.inset a[href*='/resources/']")) >= failing > 0
    person.press(Keys.ESCAPE)
    person.wait(lambda: person.find("tbody th a").attribute("aria-expanded") == "false")

    person.visit(address.removeprefix(person.site) + "resources/?status=failing&risk=high")
    shown = {row.text.split()[1] for row in person.all("tbody tr") if row.text}
    assert shown
    person.browser.refresh()
    assert "status=failing" in person.browser.current_url

    person.visit(address.removeprefix(person.site) + "evidence/")
    content = person.download(person.link("Download original").attribute("href") or "")
    assert hashlib.sha256(content).hexdigest() in person.browser.page_source
    assert content[:8] == bytes.fromhex("d0cf11e0a1b11ae1")


def test_the_main_job_works_without_javascript(person: Person) -> None:
    pack = "数据库合规管理最佳实践"
    person.scripts(on=False)
    try:
        person.visit("/")
        person.row(pack).button("Generate").click()
        person.arrives("/reports/")
        person.reads("original kept")
        assert person.link("Download original").attribute("href")
        assert person.all("tbody tr")
    finally:
        person.scripts(on=True)


def test_the_main_job_works_by_keyboard_alone(person: Person, sandbox: Sandbox) -> None:
    person.visit("/")
    pack = "AccessKey and Permission Governance Best Practices"
    person.tab_to("Generate", pack)
    with held(sandbox, pack):
        person.press(Keys.ENTER)
        person.wait(lambda: "Cancel" in person.row(pack).text)
    person.wait(lambda: "Generate" in person.row(pack).text)


def test_two_people_clicking_at_once_make_one_report(person: Person, sandbox: Sandbox) -> None:
    pack = "PCI DSS Data Security Standard Pack"
    before = sandbox.generated[id_of(sandbox, pack)]
    person.visit("/")
    first = person.browser.current_window_handle
    person.browser.switch_to.new_window("tab")
    person.visit("/")
    second = person.browser.current_window_handle
    with held(sandbox, pack):
        for tab in (first, second):
            person.browser.switch_to.window(tab)
            person.row(pack).button("Generate").click()
        for tab in (first, second):
            person.browser.switch_to.window(tab)
            person.wait(lambda: "Cancel" in person.row(pack).text)
    for tab in (second, first):
        person.browser.switch_to.window(tab)
        person.wait(lambda: "Generate" in person.row(pack).text)
        if tab == second:
            person.browser.close()
    assert sandbox.generated[id_of(sandbox, pack)] == before + 1


def test_a_failed_run_tells_its_cause_and_can_be_tried_again(
    person: Person, sandbox: Sandbox
) -> None:
    pack = "RMiT Financial Standard Compliance Pack"
    sandbox.faults.set("html-page", pack=id_of(sandbox, pack), times=1)
    person.visit("/")
    person.row(pack).button("Generate").click()
    person.wait(lambda: "failed" in person.row(pack).text)
    person.link(pack).click()
    person.arrives("/packs/")
    person.reads("failed")
    person.find("main").button("Try again", "Generate").click()
    person.reads("ready", ".run[data-status=compliant]")
