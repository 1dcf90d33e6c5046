"""Each error is explained in words that a reader can act on."""

import pytest
from django.utils import translation

from dashboard.cloud import Advice, CloudError
from dashboard.cloud.errors import AnswerProblem
from dashboard.text import error_messages
from dashboard.workbook.errors import CODES

OF_AN_ORIGIN = ["ForeignAccessKey", "ForeignAccount", "ForeignPack", "ForeignFile"]
OF_A_REPORT = ["deadline", "cancelled", "defect", "link_expired"]


@pytest.mark.parametrize("code", [*Advice, *CODES, *OF_AN_ORIGIN, *OF_A_REPORT])
def test_each_code_is_explained_in_three_sentences(code: str) -> None:
    cause = error_messages.explain_error(code, {"message": "100 %"})
    for sentence in (cause.title, cause.meaning, cause.next_step):
        assert sentence
        assert "%" not in sentence
    assert cause.meaning.endswith(".")
    assert cause.next_step.endswith(".")


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_no_two_codes_have_the_same_title(language: str) -> None:
    with translation.override(language):
        titles = [str(title) for title, _meaning, _next_step in error_messages.MESSAGES.values()]
    assert len(set(titles)) == len(titles)


@pytest.mark.parametrize(
    ("code", "title"),
    [
        ("Throttling.User", "Rate limit reached"),
        ("LinkExpired", "The link to the file has expired"),
        ("TimedOut", "The cloud took too long to answer"),
        ("SignatureDoesNotMatch", "The AccessKey secret is wrong"),
        ("corrupt", "The file is damaged"),
    ],
)
def test_a_code_of_the_cloud_is_explained_by_its_advice(code: str, title: str) -> None:
    assert error_messages.explain_error(code, {}).title == title


def test_a_missing_permission_is_named() -> None:
    error = CloudError("Forbidden.RAM", status=403, detail="config:ListCompliancePacks")
    cause = error_messages.explain_error(error.code, error.facts)
    assert "config:ListCompliancePacks" in cause.next_step


def test_a_code_nobody_has_heard_of_is_shown() -> None:
    assert (
        error_messages.explain_error("Nobody.Has.Heard", {}).title
        == "The cloud refused: Nobody.Has.Heard"
    )


@pytest.mark.parametrize("code", OF_AN_ORIGIN)
@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_what_belongs_to_another_account_is_explained_with_both_ids(
    code: str, language: str
) -> None:
    error = CloudError(code, expected_id="1000000000000001", actual_id="1000000000000002")
    with translation.override(language):
        meaning = error_messages.explain_error(error.code, error.facts).meaning
        assert "1000000000000002" in meaning
        assert "1000000000000001" in meaning
    assert (" entered" in meaning) == (language == "en")


@pytest.mark.parametrize("problem", AnswerProblem)
def test_each_problem_of_an_answer_is_said_in_both_languages(problem: str) -> None:
    error = CloudError("BadAnswer", problem=problem, detail="100%d")
    meanings = []
    for language in ("en", "zh-hans"):
        with translation.override(language):
            meanings.append(error_messages.explain_error(error.code, error.facts).meaning)
    general = error_messages.explain_error("BadAnswer", {}).meaning
    assert meanings[0].endswith(f". {general}")
    assert meanings[0] != meanings[1]
    assert ("100%d" in meanings[0]) == ("100%d" in meanings[1])


@pytest.mark.parametrize(("language", "words"), [("en", "30 minutes"), ("zh-hans", "30 分钟")])
def test_a_fault_that_lasted_until_the_time_limit_says_so(language: str, words: str) -> None:
    with translation.override(language):
        meaning = error_messages.explain_error("ServiceUnavailable", {"minutes": 30}).meaning
        assert words in meaning
        assert meaning.startswith(error_messages.explain_error("ServiceUnavailable", {}).meaning)
