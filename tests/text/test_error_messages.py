"""Each error is explained in words that a reader can act on."""

import pytest
from django.utils import translation

from dashboard.cloud import Advice, CloudError
from dashboard.cloud.errors import AnswerProblem
from dashboard.text import error_messages
from dashboard.text.database_messages import DATABASE_MESSAGES
from dashboard.text.file_error_details import FRESH_COPY_CODES, UNKNOWN_KINDS
from dashboard.workbook.errors import CODES

OF_AN_ORIGIN = ["ForeignAccessKey", "ForeignAccount", "ForeignPack", "ForeignFile"]
OF_A_REPORT = ["deadline", "cancelled", "defect", "link_expired"]
OF_AN_UPLOAD = ["upload_too_large"]
OF_THE_MACHINE = ["storage_full", "storage_read_only", "storage_forbidden", "machine"]
OF_THE_MACHINE += DATABASE_MESSAGES


@pytest.mark.parametrize(
    "code", [*Advice, *CODES, *OF_AN_ORIGIN, *OF_A_REPORT, *OF_AN_UPLOAD, *OF_THE_MACHINE]
)
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


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_a_kind_of_file_that_is_not_read_is_named_with_what_helps(language: str) -> None:
    with translation.override(language):
        general = error_messages.explain_error("unknown", {})
        for kind in UNKNOWN_KINDS:
            message = error_messages.explain_error("unknown", {"kind": kind})
            assert message.title != general.title
            assert message.next_step.strip(".。") not in general.next_step
    assert ".xlsx" in error_messages.explain_error("unknown", {"kind": "ods"}).next_step


@pytest.mark.parametrize(
    ("code", "facts", "detail"),
    [
        ("too_large", {"bytes": 2048, "limit": 1024}, "It has 2.0 KiB; the limit is 1.0 KiB."),
        ("too_many_cells", {"limit": 20_000_000}, "The limit is 20,000,000."),
        ("timeout", {"seconds": 300}, "The limit is 300 seconds."),
        ("error_page", {"title": "502 Bad"}, "The page is titled “502 Bad”."),
        ("oss_error", {"oss_code": "NoSuchKey"}, "The storage answered NoSuchKey."),
        ("corrupt", {"member": "a 100%.xls"}, "It is the file “a 100%.xls” in the zip."),
    ],
)
def test_what_is_known_of_a_refused_file_is_told(
    code: str, facts: dict[str, object], detail: str
) -> None:
    assert detail in error_messages.explain_error(code, facts).meaning


def test_a_fresh_copy_of_an_imported_file_is_advised_where_it_may_help() -> None:
    for code in FRESH_COPY_CODES:
        assert "If you imported the file" in error_messages.explain_error(code, {}).next_step
    assert "imported" not in error_messages.explain_error("memory", {}).next_step


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
