"""The official SDK, which does not know this project, works against the sandbox over HTTP."""

import os
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

# The SDK reads this variable when its credentials are imported.
os.environ["ALIBABA_CLOUD_ECS_METADATA_DISABLED"] = "true"

models = pytest.importorskip("alibabacloud_config20200907.models")
sdk = pytest.importorskip("alibabacloud_config20200907.client")
openapi = pytest.importorskip("alibabacloud_tea_openapi.models")
exceptions = pytest.importorskip("alibabacloud_tea_openapi.exceptions")

from dashboard.sandbox.authentication import Credential  # noqa: E402  # after os.environ
from dashboard.sandbox.server import run_server_in_thread  # noqa: E402
from dashboard.sandbox.wsgi import Sandbox  # noqa: E402
from tests.sandbox.caller import Caller  # noqa: E402

PACK = "cp-6f0d62a3b1c94e75a208"
ClientFactory = Callable[[Credential], Any]


@pytest.fixture(params=["V3", "V1"])
def create_sdk_client(request: pytest.FixtureRequest, sandbox: Sandbox) -> Iterator[ClientFactory]:
    """Create SDK clients that sign with V3 or V1.

    The SDK calls the HMAC-SHA1 signature of V1 "v2".
    """
    with run_server_in_thread(sandbox) as address:

        def create_client(credential: Credential) -> Any:
            return sdk.Client(
                openapi.Config(
                    access_key_id=credential.id,
                    access_key_secret=credential.secret,
                    security_token=credential.token,
                    endpoint=address,
                    protocol="HTTP",
                    no_proxy="127.0.0.1",
                    signature_algorithm="v2" if request.param == "V1" else None,
                )
            )

        yield create_client


@pytest.fixture
def client(create_sdk_client: ClientFactory, sandbox: Sandbox) -> Any:
    return create_sdk_client(sandbox.accounts[0].credential)


def test_the_sdk_lists_packs_by_page_and_tag(client: Any) -> None:
    tag = models.ListCompliancePacksRequestTag(key="team", value="security")
    request = models.ListCompliancePacksRequest(page_size=3, page_number=2, tag=[tag])
    result = client.list_compliance_packs(request).body.compliance_packs_result
    assert (result.total_count, len(result.compliance_packs)) == (4, 1)


def test_the_sdk_generates_and_downloads_a_report(client: Any, sandbox: Sandbox) -> None:
    def get_report() -> Any:
        request = models.GetCompliancePackReportRequest(compliance_pack_id=PACK)
        return client.get_compliance_pack_report(request).body.compliance_pack_report

    assert get_report().report_status == "NONE"
    token = "a b*c~d"
    answer = client.generate_compliance_pack_report(
        models.GenerateCompliancePackReportRequest(compliance_pack_id=PACK, client_token=token)
    )
    assert answer.body.compliance_pack_id == PACK
    complete = get_report()
    assert complete.report_status == "COMPLETE"
    content = httpx.get(complete.report_url, trust_env=False).content
    assert content[:8] == bytes.fromhex("d0cf11e0a1b11ae1")
    assert sandbox.generated == {PACK: 1}


@pytest.mark.parametrize(
    ("action", "method"),
    [
        ("ListCompliancePacks", "list_compliance_packs"),
        ("GetCompliancePack", "get_compliance_pack"),
        ("GetCompliancePackReport", "get_compliance_pack_report"),
        ("GetConfigRuleComplianceByPack", "get_config_rule_compliance_by_pack"),
        ("GetResourceComplianceByPack", "get_resource_compliance_by_pack"),
    ],
)
def test_the_sdk_knows_every_field_of_an_answer(
    client: Any, caller: Caller, action: str, method: str
) -> None:
    parameters = {} if action == "ListCompliancePacks" else {"CompliancePackId": PACK}
    caller.generate_report(PACK)
    request = getattr(models, f"{action}Request")(
        **{"compliance_pack_id": PACK} if parameters else {}
    )
    sdk_answer = getattr(client, method)(request).body.to_map()
    raw_answer = caller.call(action, **parameters).json()
    for answer in (sdk_answer, raw_answer):
        answer["RequestId"] = ""
        answer.get("CompliancePackReport", {}).pop("ReportUrl", None)
    assert sdk_answer == raw_answer


def test_the_sdk_lists_all_evaluation_results(client: Any, caller: Caller) -> None:
    rows, token = [], None
    while True:
        request = models.ListConfigRuleEvaluationResultsRequest(
            compliance_pack_id=PACK, max_results=100, next_token=token
        )
        answer = client.list_config_rule_evaluation_results(request).body.to_map()
        rows += answer["EvaluationResults"]["EvaluationResultList"]
        token = answer["EvaluationResults"].get("NextToken")
        if not token:
            break
    # The SDK knows every field, and passes numbers that are text on as they are.
    assert rows == caller.list_results(PACK)


def test_the_sdk_has_a_pack_evaluated_and_reads_when_it_was(client: Any, sandbox: Sandbox) -> None:
    rule_id = sandbox.cloud_state.get_pack_state(PACK).rules[0].id

    def get_rule() -> Any:
        request = models.GetConfigRuleRequest(config_rule_id=rule_id)
        return client.get_config_rule(request).body.config_rule

    before = get_rule().config_rule_evaluation_status.last_successful_evaluation_timestamp
    request = models.StartConfigRuleEvaluationRequest(compliance_pack_id=PACK)
    assert client.start_config_rule_evaluation(request).body.result is True
    rule = get_rule()
    status = rule.config_rule_evaluation_status
    assert status.last_successful_evaluation_timestamp > before
    assert (rule.config_rule_state, rule.create_by.compliance_pack_id) == ("ACTIVE", PACK)


def test_the_sdk_knows_every_field_of_a_rule(client: Any, caller: Caller, sandbox: Sandbox) -> None:
    for rule in sandbox.cloud_state.get_pack_state(PACK).rules:
        request = models.GetConfigRuleRequest(config_rule_id=rule.id)
        assert client.get_config_rule(request).body.config_rule.to_map() == caller.get_rule(rule.id)


def test_the_sdk_gets_an_error_for_a_wrong_secret(
    create_sdk_client: ClientFactory, sandbox: Sandbox
) -> None:
    client = create_sdk_client(Credential(sandbox.accounts[0].access_key_id, "wrong", ""))
    with pytest.raises(exceptions.ClientException) as caught:
        client.list_compliance_packs(models.ListCompliancePacksRequest())
    assert caught.value.code == "SignatureDoesNotMatch"


def test_the_sdk_works_with_a_temporary_key(
    create_sdk_client: ClientFactory, sandbox: Sandbox
) -> None:
    client = create_sdk_client(sandbox.accounts[0].temporary_credential)
    assert client.list_compliance_packs(models.ListCompliancePacksRequest()).status_code == 200


def test_the_sdk_reads_the_missing_permission(client: Any, sandbox: Sandbox) -> None:
    sandbox.faults.set("forbidden")
    with pytest.raises(exceptions.ClientException) as caught:
        client.get_compliance_pack(models.GetCompliancePackRequest(compliance_pack_id=PACK))
    assert caught.value.access_denied_detail["AuthAction"] == "config:GetCompliancePack"
