"""The client that calls the operations of Cloud Config.

It signs each request, repeats it after temporary errors, and ends each call within a time limit.
"""

import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Self, TypeVar
from urllib.parse import urlsplit

import httpx
import stamina

from dashboard.cloud.answers import (
    AnswerError,
    CallerIdentity,
    CloudPack,
    CloudPackDetail,
    CloudReport,
    ComplianceCounts,
    GenerateResult,
    JsonObject,
    PackPage,
    RuleCompliance,
    get_required_object,
    get_required_text,
    get_text,
    require_pack,
)
from dashboard.cloud.auth import V3Auth
from dashboard.cloud.errors import (
    Advice,
    AnswerProblem,
    CloudError,
    create_status_error,
    has_error_code,
    parse_json_error,
    parse_xml_error,
)
from dashboard.cloud.evaluation_answers import EvaluationStart, ResultPage, RuleDetail
from dashboard.cloud.raw_answers import RawAnswer, parse_cloud_time
from dashboard.cloud.time_limit import TimeLimit, never_stop
from dashboard.cloud.transport import (
    open_http_client,
    read_answer,
    read_error_document,
    to_cloud_error,
)

ENDPOINTS = {
    "china": "config.cn-shanghai.aliyuncs.com",
    "international": "config.ap-southeast-1.aliyuncs.com",
}
VERSION = "2020-09-07"
# The identity service, STS: https://www.alibabacloud.com/help/en/ram/developer-reference/endpoints
IDENTITY_ENDPOINTS = {
    "china": "sts.aliyuncs.com",
    "international": "sts.ap-southeast-1.aliyuncs.com",
}
IDENTITY_VERSION = "2015-04-01"
PAGE_SIZE = 100  # the maximum of ListCompliancePacks
MAX_PAGES = 50  # of a list: 5,000 packs, many times what an account may have
RESULTS_PER_PAGE = 100  # the maximum of ListConfigRuleEvaluationResults
MAX_WAIT = 8.0  # seconds between two attempts

ParsedAnswer = TypeVar("ParsedAnswer")


class Client:
    """A client of Cloud Config for one account; use it as a context manager.

    `endpoint` is a host, or an address with scheme and port. All times are seconds. One attempt of
    a call, from the connect to the last byte of the answer, may take `timeout`; all attempts
    together, and the waits between them, may take `retry_timeout`. A call has at most `attempts`;
    the wait before the second is `initial_wait` plus a random part, and each further wait is twice
    as long. A call also ends soon after `is_stopped` returns true.
    Each operation raises CloudError, and nothing else, for any error of the network or the cloud.
    """

    version = VERSION

    def __init__(
        self,
        endpoint: str,
        access_key_id: str,
        secret: str,
        *,
        security_token: str | None = None,
        transport: httpx.BaseTransport | None = None,
        timeout: float = 15.0,
        scheme: str = "https",
        attempts: int = 4,
        retry_timeout: float = 60.0,
        initial_wait: float = 0.5,
        is_stopped: Callable[[], bool] = never_stop,
    ) -> None:
        self._secrets = [text for text in (access_key_id, secret, security_token) if text]
        self._attempts = attempts
        self._timeout = timeout
        self._retry_timeout = retry_timeout
        self._initial_wait = initial_wait
        self._time_limit = TimeLimit(is_stopped)
        self._http = open_http_client(
            address=endpoint if "://" in endpoint else f"{scheme}://{endpoint}",
            time_limit=self._time_limit,
            auth=V3Auth(access_key_id, secret, security_token),
            headers={"accept": "application/json", "x-acs-version": self.version},
            transport=transport,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def list_packs(self, before_page: Callable[[], None] | None = None) -> list[CloudPack]:
        """Return all packs of the account, from all pages of the list.

        `before_page` is called before each page is asked for. Raise CloudError (BadAnswer) if the
        list has fewer packs, or other packs, than the cloud says.
        """
        packs: dict[str, CloudPack] = {}  # by pack id: two pages may repeat a pack
        for page_number in range(1, MAX_PAGES + 1):
            if before_page:
                before_page()
            query = {"PageSize": str(PAGE_SIZE), "PageNumber": str(page_number)}
            page = self._call("GET", "ListCompliancePacks", PackPage.from_json, query)
            total, count_before = page.total, len(packs)
            packs |= {pack.pack_id: pack for pack in page.packs}
            if total > MAX_PAGES * PAGE_SIZE:
                raise self._create_list_error(AnswerProblem.LIST_TOO_LONG, total)
            if len(packs) == count_before or len(packs) >= total:
                break
        if len(packs) != total:
            raise self._create_list_error(AnswerProblem.LIST_INCOMPLETE, total)
        return list(packs.values())

    def get_pack(self, pack_id: str) -> CloudPackDetail:
        """Return a pack with its rules."""
        return self._call(
            "GET",
            "GetCompliancePack",
            lambda answer: CloudPackDetail.from_json(
                require_pack(get_required_object(answer, "CompliancePack"), pack_id)
            ),
            {"CompliancePackId": pack_id},
        )

    def generate_report(self, pack_id: str, client_token: str) -> GenerateResult:
        """Ask the cloud to generate a report.

        If the cloud is already generating one for this pack, return that one with `joined` set.

        `client_token` (ASCII, at most 64 characters) must stay the same when the same request is
        repeated: the cloud generates one report per token.
        """
        form = {"CompliancePackId": pack_id, "ClientToken": client_token}
        try:
            return self._call(
                "POST",
                "GenerateCompliancePackReport",
                lambda answer: GenerateResult(
                    pack_id=get_required_text(require_pack(answer, pack_id), "CompliancePackId"),
                    request_id=get_text(answer, "RequestId"),
                ),
                form=form,
            )
        except CloudError as error:
            if error.advice is not Advice.WAIT:
                raise
            return GenerateResult(pack_id=pack_id, request_id=error.request_id, joined=True)

    def get_report(self, pack_id: str) -> CloudReport:
        """Return the status of the pack's latest report.

        The cloud signs a new download link for each call; it is valid for about an hour.
        """
        return self._call(
            "GET",
            "GetCompliancePackReport",
            lambda answer: CloudReport.from_json(
                get_required_object(answer, "CompliancePackReport"), get_text(answer, "RequestId")
            ),
            {"CompliancePackId": pack_id},
        )

    def get_rule_compliance(self, pack_id: str) -> RuleCompliance:
        """Return the current status of each rule of a pack."""
        return self._call(
            "GET",
            "GetConfigRuleComplianceByPack",
            lambda answer: RuleCompliance.from_json(
                require_pack(get_required_object(answer, "ConfigRuleComplianceResult"), pack_id)
            ),
            {"CompliancePackId": pack_id},
        )

    def get_resource_compliance(self, pack_id: str) -> ComplianceCounts:
        """Return the current number of resources of a pack with each status."""
        return self._call(
            "GET",
            "GetResourceComplianceByPack",
            lambda answer: ComplianceCounts.from_json(
                require_pack(get_required_object(answer, "ResourceComplianceResult"), pack_id)
            ),
            {"CompliancePackId": pack_id},
        )

    def list_evaluation_results(self, pack_id: str, next_token: str = "") -> ResultPage:
        """Return one page of the evaluation results of a pack; at most RESULTS_PER_PAGE rows.

        `next_token` is that of the page before; it is empty for the first page.
        """
        query = {"CompliancePackId": pack_id, "MaxResults": str(RESULTS_PER_PAGE)}
        if next_token:
            query["NextToken"] = next_token
        return self._call_with_body(
            "GET",
            "ListConfigRuleEvaluationResults",
            lambda answer, raw: ResultPage.from_json(answer, raw.require_strict_json(), pack_id),
            query,
        )

    def get_config_rule(self, rule_id: str) -> RuleDetail:
        """Return a rule with its state and how its last evaluations ended."""
        return self._call(
            "GET",
            "GetConfigRule",
            lambda answer: RuleDetail.from_json(get_required_object(answer, "ConfigRule"), rule_id),
            {"ConfigRuleId": rule_id},
        )

    def start_evaluation(self, pack_id: str) -> EvaluationStart:
        """Ask the cloud to evaluate all rules of a pack again. It does not wait for the end."""
        return self._call_with_body(
            "POST",
            "StartConfigRuleEvaluation",
            lambda answer, raw: EvaluationStart.from_json(answer, raw.estimate_request_time()),
            {"CompliancePackId": pack_id},
        )

    def _call(
        self,
        method: str,
        action: str,
        parse_answer: Callable[[JsonObject], ParsedAnswer],
        query: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
    ) -> ParsedAnswer:
        """Call an operation and return its parsed answer; repeat the call after temporary errors.

        `query` and `form` are the parameters in the URL and in the body.
        """
        return self._call_with_body(
            method, action, lambda answer, _raw: parse_answer(answer), query, form
        )

    def _call_with_body(
        self,
        method: str,
        action: str,
        parse_answer: Callable[[JsonObject, RawAnswer], ParsedAnswer],
        query: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
    ) -> ParsedAnswer:
        """Call an operation as `_call` does; `parse_answer` takes the JSON and the raw answer."""
        self._time_limit.start_call(self._retry_timeout)
        if self._attempts == 1:
            return self._attempt_call(method, action, parse_answer, query, form)
        last_error: CloudError | None = None
        for attempt in stamina.retry_context(
            on=self._is_worth_another_attempt,
            attempts=self._attempts,
            timeout=self._retry_timeout,
            wait_initial=self._initial_wait,
            wait_jitter=self._initial_wait,
            wait_max=MAX_WAIT,
        ):
            with attempt:
                try:
                    return self._attempt_call(method, action, parse_answer, query, form)
                except CloudError as error:
                    if last_error and error.code == "TimedOut" and self._time_limit.is_over:
                        raise last_error from None  # it says why there is no answer
                    last_error = error
                    raise
        raise AssertionError("a retry context returns or raises")

    def _attempt_call(
        self,
        method: str,
        action: str,
        parse_answer: Callable[[JsonObject, RawAnswer], ParsedAnswer],
        query: Mapping[str, str] | None,
        form: Mapping[str, str] | None,
    ) -> ParsedAnswer:
        """Call an operation once, and return its parsed answer."""
        self._time_limit.start_attempt(self._timeout)
        raw = self._send_request(method, action, query, form)
        answer = self._decode_answer(raw, action)
        try:
            return parse_answer(answer, raw)
        except AnswerError as error:
            raise self._create_bad_answer_error(
                f"{action} was answered with {error.problem}: {error.detail}",
                error.problem,
                error.detail,
                request_id=answer.get("RequestId"),
            ) from None

    def _is_worth_another_attempt(self, error: Exception) -> bool:
        is_temporary = isinstance(error, CloudError) and error.is_temporary
        return is_temporary and not self._time_limit.is_over

    def _send_request(
        self,
        method: str,
        action: str,
        query: Mapping[str, str] | None,
        form: Mapping[str, str] | None,
    ) -> RawAnswer:
        """Send one request and return the answer."""
        started_at = time.monotonic()
        try:
            with self._http.stream(
                method, "/", params=query, data=form, headers={"x-acs-action": action}
            ) as response:
                read_body = read_answer if response.is_success else read_error_document
                body = read_body(response, self._time_limit)
        except (httpx.HTTPError, httpx.StreamError, OSError, ValueError) as error:
            raise to_cloud_error(error, self._secrets) from error
        cloud_time_ms = parse_cloud_time(response.headers.get("date", ""))
        seconds = time.monotonic() - started_at
        return RawAnswer(body, response.status_code, cloud_time_ms, seconds)

    def _decode_answer(self, raw: RawAnswer, action: str) -> JsonObject:
        """Return the JSON object of an answer; raise CloudError if it is an error or no JSON."""
        try:
            answer = raw.decode_json()
        except (ValueError, RecursionError):
            if xml_error := parse_xml_error(raw.body, status=raw.status, hide=self._secrets):
                raise xml_error from None
            message = f"{action} was answered with status {raw.status} and no JSON"
            if not raw.is_success:
                raise create_status_error(raw.status, message, self._secrets) from None
            raise self._create_bad_answer_error(
                message, AnswerProblem.NOT_JSON, status=raw.status
            ) from None
        if not isinstance(answer, dict):
            raise self._create_bad_answer_error(
                f"{action} was answered with JSON that is no object",
                AnswerProblem.NOT_OBJECT,
                status=raw.status,
            )
        if has_error_code(answer) or not raw.is_success:
            raise parse_json_error(answer, status=raw.status, action=action, hide=self._secrets)
        return answer

    def _create_list_error(self, problem: AnswerProblem, total: int) -> CloudError:
        return self._create_bad_answer_error(
            f"ListCompliancePacks states {total} packs: {problem}", problem, str(total)
        )

    def _create_bad_answer_error(
        self,
        message: str,
        problem: AnswerProblem,
        detail: str = "",
        *,
        status: int = 200,
        request_id: object = "",
    ) -> CloudError:
        """Return the error for an answer of the cloud that cannot be read."""
        return CloudError(
            "BadAnswer",
            message,
            status=status,
            request_id=request_id if isinstance(request_id, str) else "",
            problem=problem,
            detail=detail,
            hide=self._secrets,
        )


class IdentityClient(Client):
    """A client of the identity service (STS), which says whose an AccessKey is."""

    version = IDENTITY_VERSION

    def get_caller_identity(self) -> CallerIdentity:
        """Return the owner of the AccessKey. No permission is needed for this."""
        return self._call("POST", "GetCallerIdentity", CallerIdentity.from_json)


def choose_identity_endpoint(endpoint: str, site: str) -> str:
    """Return the identity service that goes with an account's endpoint (empty: the public one).

    An address that is not Alibaba Cloud's, such as the sandbox's, answers for both services.
    """
    host = urlsplit(endpoint if "://" in endpoint else f"//{endpoint}").hostname or ""
    if endpoint and not host.endswith(".aliyuncs.com"):
        return endpoint
    if host.startswith("config-vpc."):
        return host.replace("config-vpc.", "sts-vpc.", 1)
    return IDENTITY_ENDPOINTS[site]
