"""Choose a pack by typing, and generate the reports of chosen packs at once."""

from selenium.webdriver.common.keys import Keys

from dashboard.sandbox.wsgi import Sandbox
from tests.browser.browser_user import BrowserUser
from tests.browser.sandbox_control import hold_report

PACK_NAME = "OSS 合规管理最佳实践"
ACCESS_KEY_PACK = "AccessKey and Permission Governance Best Practices"


def type_into_history(user: BrowserUser, text: str) -> None:
    user.visit("/reports/")
    user.find("#id_q").type_text(text)


def test_a_pack_is_chosen_by_a_few_letters_and_the_keyboard(user: BrowserUser) -> None:
    type_into_history(user, "oss")
    user.wait_until(lambda: user.find_all(".suggestions a"))
    user.press_keys(Keys.ARROW_DOWN, Keys.ARROW_UP)
    assert user.find("#id_q").has_focus()
    user.press_keys(Keys.ARROW_DOWN)
    assert PACK_NAME in user.find_focus().text
    user.press_keys(Keys.ENTER)
    user.wait_for_address("?pack=")
    assert f"Pack: {PACK_NAME}" in user.find(".chips").text


def test_escape_closes_the_suggestions_and_a_click_elsewhere_does(user: BrowserUser) -> None:
    type_into_history(user, "oss")
    user.wait_until(lambda: user.find_all(".suggestions a"))
    user.press_keys(Keys.ARROW_DOWN, Keys.ESCAPE)
    assert not user.find_all(".suggestions")
    assert user.find("#id_q").has_focus()
    user.press_keys(" a", Keys.BACKSPACE, Keys.BACKSPACE)
    user.wait_until(lambda: user.find_all(".suggestions a"))
    user.find("h1").click()
    assert not user.find_all(".suggestions")


def test_without_scripts_the_typed_text_filters_the_list(user: BrowserUser) -> None:
    user.enable_scripts(False)
    try:
        type_into_history(user, "RMiT")
        user.press_keys(Keys.ENTER)
        user.wait_for_address("q=RMiT")
        names = {element.text for element in user.find_all("td.pack a")}
    finally:
        user.enable_scripts(True)
    assert names == {"RMiT Financial Standard Compliance Pack"}


def test_the_reports_of_filtered_packs_are_generated_at_once(
    user: BrowserUser, sandbox: Sandbox
) -> None:
    with hold_report(sandbox, ACCESS_KEY_PACK):
        user.visit("/?q=AccessKey")
        user.find("main").find_button("Generate 1 pack").click()
        user.wait_for_text("1 of 1 asked, 0 ready")
        assert (
            "under way" in user.find_row(ACCESS_KEY_PACK).text
            or "waiting" in user.find_row(ACCESS_KEY_PACK).text
        )
    user.wait_for_text("Ended: 1 of 1 ready.")
    user.wait_until(lambda: "ready" in user.find_row(ACCESS_KEY_PACK).text)
