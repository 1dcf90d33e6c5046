"""What tests of fetching evaluation results share: taking steps, hooks in the cloud, the pages."""

import gzip
import json
from collections.abc import Callable, Iterable
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

import httpx
from django.conf import settings

from dashboard.archive import originals
from dashboard.generation import lifecycle, requests
from dashboard.models import Pack, Report, ResultList
from dashboard.sandbox.wsgi import Sandbox

State = Report.State
LIST = "ListConfigRuleEvaluationResults"
# Called with the number of the call of an operation, from 1; before the sandbox answers it.
Hook = Callable[[int], None]


class WorkerKilledError(BaseException):
    """Ends a step at once, like the death of its process: nothing in the product catches it."""


def take_step(report: Report) -> None:
    """Take the report's next step, as a worker would; its claim must have ended."""
    Report.objects.filter(pk=report.pk).update(next_at=report.requested_at)
    lifecycle.advance_report(report.pk)
    report.refresh_from_db()


def advance_to(state: Report.State, report: Report) -> Report:
    for _ in range(30):
        report.refresh_from_db()
        if report.state == state:
            return report
        take_step(report)
    raise AssertionError(f"never {state}: {report.state} {report.error_code}")


def request_listing(pack: Pack) -> Report:
    """Return a new report whose list is to be fetched next."""
    return advance_to(State.LISTING, requests.request_report(pack, None))


def load_list(report: Report) -> ResultList:
    return ResultList.objects.select_related("original").get(pk=report.pk)


def read_pages(report: Report) -> list[dict[str, Any]]:
    """Return the answers that the archive holds of the report's list."""
    original = load_list(report).original
    assert original
    with originals.open_verified_original(original) as file:
        lines = gzip.decompress(file.read()).splitlines()
    return [json.loads(line)["EvaluationResults"] for line in lines]


def list_keys(report: Report) -> list[tuple[str, str]]:
    """Return rule id and resource id of each row in the archived list."""
    rows = [row for page in read_pages(report) for row in page["EvaluationResultList"]]
    qualifiers = [row["EvaluationResultIdentifier"]["EvaluationResultQualifier"] for row in rows]
    return [(qualifier["ConfigRuleId"], qualifier["ResourceId"]) for qualifier in qualifiers]


def list_sandbox_keys(sandbox: Sandbox, pack: Pack) -> list[tuple[str, str]]:
    """Return rule id and resource id of each evaluation of the pack in the sandbox."""
    state = sandbox.cloud_state.get_pack_state(pack.pack_id)
    return [
        (rule.id, resource.id) for rule in state.rules for resource in state.list_resources(rule)
    ]


def count_calls(sandbox: Sandbox, operation: str = LIST) -> int:
    return sandbox.call_log.count_by_operation()[operation]


def unhook_calls(sandbox: Sandbox) -> None:
    settings.CLOUD_TRANSPORT = httpx.WSGITransport(app=sandbox)


def hook_calls(sandbox: Sandbox, hook: Hook, operation: str = LIST) -> None:
    """Let `hook` run before each call of the operation, in the process of the test."""
    calls = 0

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        nonlocal calls
        if environ.get("HTTP_X_ACS_ACTION") == operation:
            calls += 1
            hook(calls)
        return sandbox(environ, start_response)

    settings.CLOUD_TRANSPORT = httpx.WSGITransport(app=answer)


def edit_pages(sandbox: Sandbox, edit: Callable[[dict[str, Any]], None]) -> None:
    """Change the sandbox's answers with pages of evaluation results."""

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        content = b"".join(sandbox(environ, start_response))
        if environ.get("HTTP_X_ACS_ACTION") != LIST or b'"Code"' in content:
            return [content]
        fields = json.loads(content)
        edit(fields["EvaluationResults"])
        return [json.dumps(fields).encode()]

    settings.CLOUD_TRANSPORT = httpx.WSGITransport(app=answer)
