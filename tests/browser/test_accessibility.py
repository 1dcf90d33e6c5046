"""Check every page with axe: WCAG 2.2 A and AA and best practice; and that it fits its window.

The pages are checked in both languages, in light and dark, wide and on a phone.
"""

import hashlib
from collections.abc import Iterable
from pathlib import Path

import pytest
from django.urls import URLPattern, resolve

from dashboard.urls import urlpatterns
from tests.browser.browser_user import BrowserUser

AXE_FOLDER = Path(__file__).parent / "axe"
AXE_SCRIPT = (AXE_FOLDER / "axe.min.js").read_text(encoding="utf-8")
AXE_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
LIST_VIOLATIONS = """
const [tags, done] = arguments;
// One template makes all rows of a table, so the first ones stand for the others.
const page = {include: ["html"], exclude: [["tbody tr:nth-child(n+13)"]]};
axe.run(page, {runOnly: tags, resultTypes: ["violations"], preload: false}).then((result) =>
  done(result.violations.flatMap((violation) =>
    violation.nodes.map((node) => `${violation.id}: ${node.html.slice(0, 160)}`))));
"""

RUNNING_PACK_NAME = "全量资源安全基线"  # of RUNNING_PACK_ID
DOCUMENTS = ("print", "comparison, printed")

# The names of addresses that show no page of their own.
FRAGMENTS = {
    "home-status", "home-account", "home-account-closed", "report-status", "report-rule-closed",
    "report-resource-closed", "bulk-request-status", "home-bulk-status", "report-suggestions",
    "import-pack-choice",
}  # fmt: skip
FILES = {"report-original", "report-results", "report-export", "comparison-export"}
REDIRECTS = {"comparison-latest", "report-changes"}
ONLY_POSTED = {
    "generate-all", "pack-generate", "pack-evaluate", "report-withdraw", "report-restore",
    "import-identify",
    "account-test", "account-refresh", "report-read-again", "logout",
}  # fmt: skip


def test_every_page_is_on_the_list_of_the_tests(page_paths: dict[str, str]) -> None:
    names = {pattern.name for pattern in urlpatterns if isinstance(pattern, URLPattern)}
    pages = {resolve(path.split("?")[0]).url_name for path in page_paths.values() if
             path != page_paths["not found"]}  # fmt: skip
    assert pages == names - FRAGMENTS - FILES - REDIRECTS - ONLY_POSTED


def test_axe_is_the_file_that_its_readme_names() -> None:
    digest = hashlib.sha256((AXE_FOLDER / "axe.min.js").read_bytes()).hexdigest()
    assert digest in (AXE_FOLDER / "README.md").read_text(encoding="utf-8")


def list_violations(user: BrowserUser, width: int, dark: bool) -> list[str]:
    """Check the current page on a screen of this width and theme."""
    user.set_screen(width, dark=dark)
    if not user.run_script("return 'axe' in window"):
        user.run_script(AXE_SCRIPT)
    return list(user.browser.execute_async_script(LIST_VIOLATIONS, AXE_TAGS))


def list_widths_with_overflow(user: BrowserUser, widths: Iterable[int]) -> list[str]:
    """Return the widths of a window in which the current page scrolls sideways."""
    overflow = []
    for width in widths:
        user.set_screen(width, 640)
        if (pixels := user.get_overflow()) > 0:
            overflow.append(f"{pixels} pixels wider than a window of {width}")
    return overflow


@pytest.mark.parametrize(
    ("language", "dark", "width"),
    [("en", False, 1440), ("zh-hans", True, 390)],
    ids=["en-light-wide", "zh-dark-phone"],
)
def test_every_page_is_accessible_and_fits_the_narrowest_phone(
    user: BrowserUser, page_paths: dict[str, str], language: str, dark: bool, width: int
) -> None:
    user.set_language(language)
    problems_by_page = {}
    for name in page_paths.keys() - DOCUMENTS:
        user.visit(page_paths[name])
        problems = list_violations(user, width, dark) + list_widths_with_overflow(user, [320])
        if problems:
            problems_by_page[name] = problems
    user.take_console_messages()  # the console reports the page that is not found
    assert problems_by_page == {}


@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_document_is_accessible_in_both_languages_and_themes(
    user: BrowserUser, page_paths: dict[str, str], language: str, name: str
) -> None:
    user.set_language(language)
    user.visit(page_paths[name])
    for width, dark in ((1440, False), (390, True)):
        assert list_violations(user, width, dark) == []
    assert list_widths_with_overflow(user, [320]) == []


@pytest.mark.parametrize(("name", "narrowest"), [("home", 1200), ("history", 1200)])
def test_a_table_with_a_running_row_fits_windows_of_common_widths(
    user: BrowserUser, page_paths: dict[str, str], name: str, narrowest: int
) -> None:
    user.visit(page_paths[name])
    assert RUNNING_PACK_NAME in user.find("main").text
    assert list_widths_with_overflow(user, range(narrowest, 1422, 17)) == []
