"""The operations of Cloud Config that this product uses: signed, timed, tried again where that can help."""

from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Self, TypeVar

import httpx
import stamina

from dashboard.cloud.answers import (
    Counts,
    Generated,
    Json,
    Pack,
    PackDetail,
    ReportState,
    RuleCompliance,
    items,
    member,
    number,
    text,
)
from dashboard.cloud.auth import V3Auth
from dashboard.cloud.errors import Advice, CloudError, from_json, from_xml
from dashboard.cloud.line import fault, open_line

ENDPOINTS = {
    "china": "config.cn-shanghai.aliyuncs.com",
    "international": "config.ap-southeast-1.aliyuncs.com",
}
VERSION = "2020-09-07"
PAGE_SIZE = 100  # the most that ListCompliancePacks gives
MAX_WAIT = 8.0  # seconds between two attempts

Answer = TypeVar("Answer")


class Client:
    """One account's view of Cloud Config; a context manager.

    `endpoint` is a host, or an address with scheme and port. Each attempt has `timeout` seconds for each of connecting,
    sending and receiving; there are at most `attempts` of them within `patience` seconds, `wait` seconds and a random
    part apart, and doubling. The proxies of the environment are honoured.
    Every operation raises CloudError, and nothing else, for whatever the network or the cloud does.
    """

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
        patience: float = 60.0,
        wait: float = 0.5,
    ) -> None:
        self._hide = [known for known in (access_key_id, secret, security_token) if known]
        self._attempts, self._patience, self._wait = attempts, patience, wait
        self._http = open_line(
            base_url=endpoint if "://" in endpoint else f"{scheme}://{endpoint}",
            auth=V3Auth(access_key_id, secret, security_token),
            headers={"accept": "application/json", "x-acs-version": VERSION},
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
        """Let go of the connections."""
        self._http.close()

    def list_packs(self) -> list[Pack]:
        """Return all packs of the account, all pages of them."""
        packs: dict[str, Pack] = {}
        page = 0
        while True:
            page, known = page + 1, len(packs)
            query = {"PageSize": str(PAGE_SIZE), "PageNumber": str(page)}
            total, found = self._call("GET", "ListCompliancePacks", page_of_packs, query)
            packs |= {pack.pack_id: pack for pack in found}
            # A page that brings nothing new ends the walk too: packs may go while we count.
            if len(packs) == known or (total is not None and len(packs) >= total):
                return list(packs.values())

    def pack(self, pack_id: str) -> PackDetail:
        """Return a pack with its rules."""
        return self._call(
            "GET",
            "GetCompliancePack",
            lambda answer: PackDetail.from_json(member(answer, "CompliancePack")),
            {"CompliancePackId": pack_id},
        )

    def generate_report(self, pack_id: str, client_token: str) -> Generated:
        """Have a report made, or join the one that is being made.

        `client_token` (ASCII, at most 64 characters) must be the same whenever the same wish is repeated: it alone
        makes a second Generate harmless.
        """
        form = {"CompliancePackId": pack_id, "ClientToken": client_token}
        try:
            return self._call(
                "POST",
                "GenerateCompliancePackReport",
                lambda answer: Generated(pack_id=pack_id, request_id=text(answer, "RequestId")),
                form=form,
            )
        except CloudError as error:
            if error.advice_key is not Advice.WAIT:
                raise
            return Generated(pack_id=pack_id, request_id=error.request_id, joined=True)

    def report(self, pack_id: str) -> ReportState:
        """Return how far the pack's latest report is; its link is signed anew each time, for about an hour."""
        return self._call(
            "GET",
            "GetCompliancePackReport",
            lambda answer: ReportState.from_json(
                member(answer, "CompliancePackReport"), text(answer, "RequestId")
            ),
            {"CompliancePackId": pack_id},
        )

    def rule_compliance(self, pack_id: str) -> RuleCompliance:
        """Return the status of each rule of a pack, as the cloud sees it now."""
        return self._call(
            "GET",
            "GetConfigRuleComplianceByPack",
            lambda answer: RuleCompliance.from_json(member(answer, "ConfigRuleComplianceResult")),
            {"CompliancePackId": pack_id},
        )

    def resource_compliance(self, pack_id: str) -> Counts:
        """Return how many resources of a pack have which status, as the cloud sees it now."""
        return self._call(
            "GET",
            "GetResourceComplianceByPack",
            lambda answer: Counts.from_json(member(answer, "ResourceComplianceResult")),
            {"CompliancePackId": pack_id},
        )

    def _call(
        self,
        method: str,
        action: str,
        parse: Callable[[Json], Answer],
        query: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
    ) -> Answer:
        for attempt in stamina.retry_context(
            on=lambda error: isinstance(error, CloudError) and error.passing,
            attempts=self._attempts,
            timeout=self._patience,
            wait_initial=self._wait,
            wait_jitter=self._wait,
            wait_max=MAX_WAIT,
        ):
            with attempt:
                answer = self._ask(method, action, query, form)
                try:
                    return parse(answer)
                except KeyError as error:
                    raise self._bad_answer(
                        f"{action} was answered without {error}", answer=answer
                    ) from error
        raise AssertionError("a retry context returns or raises")

    def _ask(
        self,
        method: str,
        action: str,
        query: Mapping[str, str] | None,
        form: Mapping[str, str] | None,
    ) -> Json:
        """Send one request and return the object it was answered with."""
        try:
            response = self._http.request(
                method, "/", params=query, data=form, headers={"x-acs-action": action}
            )
        except (httpx.HTTPError, ConnectionError) as error:
            raise fault(error, self._hide) from error
        except UnicodeEncodeError as error:
            raise CloudError(
                "InvalidAccessKeyId", "the AccessKey has characters that no AccessKey has"
            ) from error
        try:
            answer = response.json()
        except ValueError as error:
            failure = from_xml(response.content, status=response.status_code, hide=self._hide)
            raise failure or self._bad_answer(
                f"{action} was answered without JSON", response.status_code
            ) from error
        if not isinstance(answer, dict):
            raise self._bad_answer(
                f"{action} was answered with JSON that is no object", response.status_code
            )
        if "Code" in answer or not response.is_success:
            raise from_json(answer, status=response.status_code, action=action, hide=self._hide)
        return answer

    def _bad_answer(
        self, message: str, status: int = 200, answer: Json | None = None
    ) -> CloudError:
        request_id = text(answer or {}, "RequestId")
        return CloudError(
            "BadAnswer", message, status=status, request_id=request_id, hide=self._hide
        )


def page_of_packs(answer: Json) -> tuple[int | None, list[Pack]]:
    """Return how many packs there are in all, if the answer says it, and those of this page."""
    result = member(answer, "CompliancePacksResult")
    return number(result, "TotalCount"), [
        Pack.from_json(item) for item in items(result, "CompliancePacks")
    ]
