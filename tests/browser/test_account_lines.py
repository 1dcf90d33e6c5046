"""Home with many packs: the line of an account opens in place."""

from collections.abc import Iterator

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.keys import Keys

from tests.browser.browser_user import BrowserUser
from tests.installation import CreateInstallation

OPENED = "tr.opened a[aria-expanded=true]"


@pytest.fixture(scope="module")
def company_address(create_installation: CreateInstallation) -> Iterator[str]:
    """The address of a company with 40 packs in ten accounts."""
    installation = create_installation("company", "127.0.0.1:1", prepare=False)
    installation.run_python(
        "from django.utils import timezone",
        "from dashboard.management import company_data, demo_data",
        "demo_data.find_or_create_user()",
        "plan = company_data.CompanyPlan(40, timezone.now(), 4, weeks=3, rows=30)",
        "company_data.create_company(plan)",
    )
    with installation.start_web_server() as address:
        yield address


@pytest.fixture
def company_user(chromium: Chrome, company_address: str) -> BrowserUser:
    user = BrowserUser(chromium, company_address)
    user.clear_cookies()
    user.set_language("en")
    user.sign_in()
    return user


def test_an_account_opens_in_place_and_keeps_its_place_in_the_address(
    company_user: BrowserUser,
) -> None:
    user = company_user
    user.visit("/")
    account = user.find_all("tr.line a[aria-expanded]")[2].get_attribute("id")
    assert account
    account = account.removeprefix("open-")
    line, packs = user.find(f"#open-{account}"), f"table > #account-{account} > tr[id^=pack-]"
    name, top = line.text, line.get_top()
    line.click()
    user.wait_for_address(f"/?open={account}")
    assert (len(user.find_all(packs)), user.find(OPENED).text) == (4, name)
    assert (line.has_focus(), line.get_top()) == (True, top)
    assert len(user.find_all("table > tbody > tr.line")) == 11
    user.browser.refresh()
    assert len(user.find_all(packs)) == 4
    user.find(OPENED).type_text(Keys.ESCAPE)
    user.wait_to_leave("open=")
    assert not user.find_all(packs)
    assert user.take_console_messages() == []


def test_without_scripts_an_account_opens_by_its_link(company_user: BrowserUser) -> None:
    user = company_user
    user.enable_scripts(False)
    try:
        user.visit("/?risk=high")
        user.find("tr.line a[aria-expanded]").click()
        user.wait_for_address("/?risk=high&open=")
        assert user.find_all("tr.opened ~ tr[id^=pack-]")
    finally:
        user.enable_scripts(True)


def test_escape_on_a_pack_of_an_opened_account_closes_it(company_user: BrowserUser) -> None:
    user = company_user
    user.visit("/")
    user.find("tr.line a[aria-expanded]").click()
    user.wait_for_address("/?open=")
    user.find("tr[id^=pack-] th a").type_text(Keys.ESCAPE)
    user.wait_to_leave("open=")
    assert not user.find_all("tr[id^=pack-]")
