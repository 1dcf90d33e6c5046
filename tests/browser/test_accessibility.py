"""Every page under axe: WCAG 2.2 A and AA and best practice, light and dark, in both languages, wide and on a phone."""

from pathlib import Path

import axe_core_python
import pytest

from tests.browser.person import Person

AXE = (Path(axe_core_python.__file__).parent / "axe.min.js").read_text()
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
RUN = """
const [tags, done] = arguments;
axe.run({runOnly: tags, resultTypes: ["violations"], preload: false}).then((found) =>
  done(found.violations.flatMap((one) => one.nodes.map((node) => `${one.id}: ${node.html.slice(0, 160)}`))));
"""


@pytest.mark.parametrize(
    ("language", "dark", "width"),
    [("en", False, 1440), ("zh-hans", True, 390)],
    ids=["en-light-wide", "zh-dark-phone"],
)
def test_no_page_violates_the_rules_of_accessibility(
    person: Person, pages: dict[str, str], language: str, dark: bool, width: int
) -> None:
    person.speak(language)
    person.dress(width, dark=dark)
    found = {}
    for name, path in pages.items():
        person.visit(path)
        person.browser.execute_script(AXE)
        if violations := person.browser.execute_async_script(RUN, TAGS):
            found[name] = violations
    person.complaints()  # the page that is not there is in the console
    assert found == {}
