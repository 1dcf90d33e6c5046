"""The client that calls the operations of Cloud Config.

It signs each request, and repeats it after temporary errors.
"""

from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Self, TypeVar
from urllib.parse import urlsplit

import httpx
import stamina

from dashboard.cloud.answers import (
    CallerIdentity,
    CloudPack,
    CloudPackDetail,
    CloudReport,
    ComplianceCounts,
    GenerateResult,
    JsonObject,
    RuleCompliance,
    get_integer,
    get_objects,
    get_required_object,
    get_text,
)
from dashboard.cloud.auth import V3Auth
from dashboard.cloud.errors import Advice, CloudError, parse_json_error, parse_xml_error
from dashboard.cloud.transport import open_http_client, to_cloud_error

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
MAX_WAIT = 8.0  # seconds between two attempts

ParsedAnswer = TypeVar("ParsedAnswer")


class Client:
    """A client of Cloud Config for one account; use it as a context manager.

    `endpoint` is a host, or an address with scheme and port. All times are seconds. `timeout` is
    the limit for each connect, each send and each receive of one attempt. A request is attempted at
    most `attempts` times within `retry_timeout`; the wait before the second attempt is
    `initial_wait` plus a random part, and each further wait is twice as long.
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
    ) -> None:
        self._secrets = [text for text in (access_key_id, secret, security_token) if text]
        self._attempts = attempts
        self._retry_timeout = retry_timeout
        self._initial_wait = initial_wait
        self._http = open_http_client(
            base_url=endpoint if "://" in endpoint else f"{scheme}://{endpoint}",
            auth=V3Auth(access_key_id, secret, security_token),
            headers={"accept": "application/json", "x-acs-version": self.version},
            timeout=timeout,
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

    def list_packs(self) -> list[CloudPack]:
        """Return all packs of the account, from all pages of the list."""
        packs: dict[str, CloudPack] = {}  # by pack id: two pages may repeat a pack
        page_number = 0
        while True:
            page_number += 1
            count_before = len(packs)
            query = {"PageSize": str(PAGE_SIZE), "PageNumber": str(page_number)}
            total, page = self._call("GET", "ListCompliancePacks", parse_page_of_packs, query)
            packs |= {pack.pack_id: pack for pack in page}
            # Stop at a page without new packs too: if a pack is deleted while the pages are read,
            # `total` is never reached.
            if len(packs) == count_before or (total is not None and len(packs) >= total):
                return list(packs.values())

    def get_pack(self, pack_id: str) -> CloudPackDetail:
        """Return a pack with its rules."""
        return self._call(
            "GET",
            "GetCompliancePack",
            lambda answer: CloudPackDetail.from_json(get_required_object(answer, "CompliancePack")),
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
                    pack_id=pack_id, request_id=get_text(answer, "RequestId")
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
                get_required_object(answer, "ConfigRuleComplianceResult")
            ),
            {"CompliancePackId": pack_id},
        )

    def get_resource_compliance(self, pack_id: str) -> ComplianceCounts:
        """Return the current number of resources of a pack with each status."""
        return self._call(
            "GET",
            "GetResourceComplianceByPack",
            lambda answer: ComplianceCounts.from_json(
                get_required_object(answer, "ResourceComplianceResult")
            ),
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
        for attempt in stamina.retry_context(
            on=lambda error: isinstance(error, CloudError) and error.is_temporary,
            attempts=self._attempts,
            timeout=self._retry_timeout,
            wait_initial=self._initial_wait,
            wait_jitter=self._initial_wait,
            wait_max=MAX_WAIT,
        ):
            with attempt:
                answer = self._send_request(method, action, query, form)
                try:
                    return parse_answer(answer)
                except KeyError as error:
                    raise self._create_bad_answer_error(
                        f"{action} was answered without {error}", answer=answer
                    ) from error
        raise AssertionError("a retry context returns or raises")

    def _send_request(
        self,
        method: str,
        action: str,
        query: Mapping[str, str] | None,
        form: Mapping[str, str] | None,
    ) -> JsonObject:
        """Send one request and return the JSON object of its answer."""
        try:
            response = self._http.request(
                method, "/", params=query, data=form, headers={"x-acs-action": action}
            )
        except (httpx.HTTPError, ConnectionError) as error:
            raise to_cloud_error(error, self._secrets) from error
        except UnicodeEncodeError as error:
            # The AccessKey id is sent in a header, which must be ASCII.
            raise CloudError(
                "InvalidAccessKeyId", "the AccessKey has characters that no AccessKey has"
            ) from error
        return self._decode_response(response, action)

    def _decode_response(self, response: httpx.Response, action: str) -> JsonObject:
        """Return the JSON object of a response; raise CloudError if it is an error or no JSON."""
        status = response.status_code
        try:
            answer = response.json()
        except ValueError as error:
            xml_error = parse_xml_error(response.content, status=status, hide=self._secrets)
            raise xml_error or self._create_bad_answer_error(
                f"{action} was answered without JSON", status
            ) from error
        if not isinstance(answer, dict):
            raise self._create_bad_answer_error(
                f"{action} was answered with JSON that is no object", status
            )
        if "Code" in answer or not response.is_success:
            raise parse_json_error(answer, status=status, action=action, hide=self._secrets)
        return answer

    def _create_bad_answer_error(
        self, message: str, status: int = 200, answer: JsonObject | None = None
    ) -> CloudError:
        """Return the error for an answer of the cloud that cannot be read."""
        request_id = get_text(answer or {}, "RequestId")
        return CloudError(
            "BadAnswer", message, status=status, request_id=request_id, hide=self._secrets
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


def parse_page_of_packs(answer: JsonObject) -> tuple[int | None, list[CloudPack]]:
    """Return (total, packs): the number of packs on all pages, and the packs of this page.

    `total` is None if the answer does not state it.
    """
    result = get_required_object(answer, "CompliancePacksResult")
    packs = [CloudPack.from_json(pack) for pack in get_objects(result, "CompliancePacks")]
    return get_integer(result, "TotalCount"), packs
