"""Check every page with axe: WCAG 2.2 A and AA and best practice.

The pages are checked in both languages, in light and dark, wide and on a phone.
"""

from pathlib import Path

import axe_core_python
import pytest

from tests.browser.browser_user import BrowserUser

AXE_SCRIPT = (Path(axe_core_python.__file__).parent / "axe.min.js").read_text()
AXE_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
LIST_VIOLATIONS = """
const [tags, done] = arguments;
axe.run({runOnly: tags, resultTypes: ["violations"], preload: false}).then((result) =>
  done(result.violations.flatMap((violation) =>
    violation.nodes.map((node) => `${violation.id}: ${node.html.slice(0, 160)}`))));
"""


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
