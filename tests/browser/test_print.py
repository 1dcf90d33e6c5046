"""Documents on paper: what a browser prints of a report and of a comparison."""

import base64
from collections.abc import Iterator

import pytest

from tests.browser.browser_user import BrowserUser

# What an A4 page in landscape has between its margins, in CSS pixels.
PAGE_WIDTH, PAGE_HEIGHT = 1032, 691
GET_CUT_TABLES = """
return [...document.querySelectorAll("table")].filter(
  (table) => table.getBoundingClientRect().right > innerWidth || table.scrollWidth > innerWidth
).length
"""
GET_MARGIN_TEXTS = """
const style = getComputedStyle(document.documentElement);
return ["--identity", "--before-page", "--before-total"].map((name) => style.getPropertyValue(name))
"""
GET_TEXT_AFTER_TIME = """
return getComputedStyle(document.querySelector(arguments[0]), "::after").content
"""
GET_SHOWN_HEIGHT = """
const elements = [...document.querySelectorAll(arguments[0])];
return Math.max(0, ...elements.map((element) => element.offsetHeight))
"""


def print_page(user: BrowserUser) -> bytes:
    """Return the current page as the PDF that the browser prints."""
    options = {"preferCSSPageSize": True, "generateDocumentOutline": True}
    answer = user.browser.execute_cdp_cmd("Page.printToPDF", options)
    return base64.b64decode(answer["data"])


@pytest.fixture
def paper(user: BrowserUser) -> Iterator[BrowserUser]:
    """A user whose screen shows pages as they are printed, as wide as the paper."""
    user.set_screen(PAGE_WIDTH, PAGE_HEIGHT)
    user.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    yield user
    user.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
    user.set_screen()


@pytest.mark.parametrize("name", ["print", "comparison, printed"])
@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_the_first_page_is_one_page_and_no_column_is_cut(
    user: BrowserUser, page_paths: dict[str, str], name: str, language: str, paper: BrowserUser
) -> None:
    user.set_language(language)
    paper.visit(page_paths[name])
    cover_height = paper.run_script("return document.querySelector('.cover').offsetHeight")
    assert 0 < cover_height <= PAGE_HEIGHT
    assert paper.run_script(GET_CUT_TABLES) == 0
    identity, before_page, before_total = paper.run_script(GET_MARGIN_TEXTS)
    assert "sha256" in identity
    assert "UTC+8" in identity
    assert "UTC+8" in paper.run_script(GET_TEXT_AFTER_TIME, ".document time")
    expected = {"en": ["page ", " of "], "zh-hans": ["第 ", " 页，共 "]}[language]
    assert [before_page.strip('"'), before_total.strip('"')] == expected


@pytest.mark.parametrize("name", ["home", "history", "pack", "evidence", "comparison"])
def test_a_page_is_printed_without_what_is_for_the_screen_only(
    page_paths: dict[str, str], name: str, paper: BrowserUser
) -> None:
    paper.visit(page_paths[name])
    for selector in (".bar", ".foot", ".filters", "main button", "main a.button"):
        assert paper.run_script(GET_SHOWN_HEIGHT, selector) == 0, selector
    assert paper.run_script(GET_SHOWN_HEIGHT, "main table") > 0
    assert "UTC+8" in paper.run_script(GET_TEXT_AFTER_TIME, "main time")


@pytest.mark.parametrize("name", ["print", "comparison, printed"])
def test_a_document_is_printed_on_several_pages_with_an_outline(
    user: BrowserUser, page_paths: dict[str, str], name: str
) -> None:
    user.visit(page_paths[name])
    document = print_page(user)
    assert document.count(b"/Type /Page\n") >= 2
    assert b"/Outlines" in document
    if name == "print":
        assert document.count(b"/Subtype /Link") >= 3  # the contents
