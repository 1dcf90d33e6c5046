"""The operations of Cloud Config and of the identity service; api_calls.py makes each call."""

from collections.abc import Callable
from urllib.parse import urlsplit

from dashboard.cloud.answers import (
    CallerIdentity,
    CloudPack,
    CloudPackDetail,
    CloudReport,
    ComplianceCounts,
    GenerateResult,
    PackPage,
    RuleCompliance,
    get_required_object,
    get_required_text,
    get_text,
    require_pack,
)
from dashboard.cloud.api_calls import ApiCaller
from dashboard.cloud.errors import (
    Advice,
    AnswerProblem,
    CloudError,
)
from dashboard.cloud.evaluation_answers import EvaluationStart, ResultPage, RuleDetail

ENDPOINTS = {
    "china": "config.cn-shanghai.aliyuncs.com",
    "international": "config.ap-southeast-1.aliyuncs.com",
}
API_VERSION = "2020-09-07"
# The identity service, STS: https://www.alibabacloud.com/help/en/ram/developer-reference/endpoints
IDENTITY_ENDPOINTS = {
    "china": "sts.aliyuncs.com",
    "international": "sts.ap-southeast-1.aliyuncs.com",
}
IDENTITY_VERSION = "2015-04-01"
PAGE_SIZE = 100  # the maximum of ListCompliancePacks
MAX_PAGES = 50  # of a list: 5,000 packs, many times what an account may have
RESULTS_PER_PAGE = 100  # the maximum of ListConfigRuleEvaluationResults


class Client(ApiCaller):
    """A client of Cloud Config for one account; see ApiCaller for its arguments.

    Each operation raises CloudError, and nothing else, for any error of the network or the cloud.
    """

    version = API_VERSION

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

    def _create_list_error(self, problem: AnswerProblem, total: int) -> CloudError:
        return self._create_bad_answer_error(
            f"ListCompliancePacks states {total} packs: {problem}", problem, str(total)
        )


class IdentityClient(ApiCaller):
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
