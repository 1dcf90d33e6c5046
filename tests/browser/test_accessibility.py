"""Check every page with axe: WCAG 2.2 A and AA and best practice.

The pages are checked in both languages, in light and dark, wide and on a phone.
"""

import hashlib
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
axe.run({runOnly: tags, resultTypes: ["violations"], preload: false}).then((result) =>
  done(result.violations.flatMap((violation) =>
    violation.nodes.map((node) => `${violation.id}: ${node.html.slice(0, 160)}`))));
"""

# The names of addresses that show no page of their own.
FRAGMENTS = {"home-status", "report-status", "report-rule-closed", "report-resource-closed"}
FILES = {"report-original", "report-export", "comparison-export"}
REDIRECTS = {"comparison-latest", "report-changes"}
ONLY_POSTED = {
    "generate-all", "pack-generate", "report-withdraw", "import-identify", "account-test",
    "account-refresh", "logout",
}  # fmt: skip


def test_every_page_is_on_the_list_of_the_tests(page_paths: dict[str, str]) -> None:
    names = {pattern.name for pattern in urlpatterns if isinstance(pattern, URLPattern)}
    pages = {resolve(path.split("?")[0]).url_name for path in page_paths.values() if
             path != page_paths["not found"]}  # fmt: skip
    assert pages == names - FRAGMENTS - FILES - REDIRECTS - ONLY_POSTED


def test_axe_is_the_file_that_its_readme_names() -> None:
    digest = hashlib.sha256((AXE_FOLDER / "axe.min.js").read_bytes()).hexdigest()
    assert digest in (AXE_FOLDER / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("language", "dark", "width"),
    [("en", False, 1440), ("zh-hans", True, 390)],
    ids=["en-light-wide", "zh-dark-phone"],
)
def test_no_page_violates_the_rules_of_accessibility(
    user: BrowserUser, page_paths: dict[str, str], language: str, dark: bool, width: int
) -> None:
    user.choose_language(language)
    user.set_screen(width, dark=dark)
    violations_by_page = {}
    for name, path in page_paths.items():
        user.visit(path)
        user.run_script(AXE_SCRIPT)
        if violations := user.browser.execute_async_script(LIST_VIOLATIONS, AXE_TAGS):
            violations_by_page[name] = violations
    user.take_console_messages()  # the console reports the page that is not found
    assert violations_by_page == {}
