"""The rows of a made-up pack's newest report: its rules, their results and its evaluations.

They are those of the sandbox's first state of the pack, so that the next report, which the sandbox
generates, continues them.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache

from dashboard.ledger import span_rows
from dashboard.management.company_numbers import PackEvaluation
from dashboard.models import Pack, Report, Rule, RuleResult, Status
from dashboard.models.evaluations import FOREVER
from dashboard.models.search_texts import build_search_text
from dashboard.sandbox.accounts import SandboxPack
from dashboard.sandbox.annotations import build_reason_sentence
from dashboard.sandbox.managed_rules import ManagedRule
from dashboard.sandbox.pack_state import PackState, build_first_state
from dashboard.sandbox.statuses import COMPLIANT, IGNORED, NON_COMPLIANT
from dashboard.workbook import EvaluationRow, evaluation_hashes

LAYOUT = "newer"  # of the files: it lists compliant rows too
SEED = 7  # of the sandbox's resources, as the command `sandbox` has it
# The statuses that a file of this layout lists.
STATUS_BY_CLOUD_NAME = {
    NON_COMPLIANT: Status.NON_COMPLIANT,
    IGNORED: Status.IGNORED,
    COMPLIANT: Status.COMPLIANT,
}
NO_FINDING = ("", "", "", "", "")


def build_newest_state(known_pack: SandboxPack) -> PackState:
    """Return the state that a pack's newest report shows."""
    return build_first_state(known_pack, SEED)


def list_evaluations(state: PackState) -> list[PackEvaluation]:
    """Return the evaluations that the report of this state lists."""
    return [
        PackEvaluation(rule, resource, STATUS_BY_CLOUD_NAME[status])
        for rule in state.rules
        for resource, status in state.list_evaluations(rule)
        if status in STATUS_BY_CLOUD_NAME
    ]


def create_rules(pack: Pack, state: PackState) -> list[Rule]:
    """Create the rules of the pack, in the order of the state."""
    rules = []
    for known_rule in state.rules:
        key, name = known_rule.id, known_rule.get_name(state.pack.language)
        rule = Rule(pack=pack, key=key, rule_id=key, name=name, identifier=known_rule.identifier)
        rule.search_text = build_search_text(name, known_rule.identifier, key)
        rules.append(rule)
    return Rule.objects.bulk_create(rules)


def build_results(
    report: Report, rules: list[Rule], state: PackState, evaluations: Sequence[PackEvaluation]
) -> list[RuleResult]:
    """Return the unsaved results of a report's rules."""
    counts = Counter((row.rule.id, row.status) for row in evaluations)
    return [
        RuleResult(
            report=report,
            rule=rule,
            name=rule.name,
            risk=known_rule.risk,
            changes_by_reason={},
            **{status.field: counts[known_rule.id, status] for status in Status},
        )
        for rule, known_rule in zip(rules, state.rules, strict=True)
    ]


def build_spans(
    report: Report, rules: list[Rule], evaluations: Sequence[PackEvaluation], language: str
) -> Iterator[span_rows.SpanColumns]:
    """Yield the columns of a report's rows, which began with it.

    `language` is that of the file.
    """
    interval = (report.require_position(), FOREVER, report.require_position())
    rule_ids = {rule.rule_id: rule.pk for rule in rules}
    for number, evaluation in enumerate(evaluations):
        rule, resource, status = evaluation
        place = (resource.uid, resource.region, resource.type)
        group = (rule_ids[rule.id], int(status), rule.risk, *place)
        row = build_row(evaluation, number, language)
        yield span_rows.build_span_columns(report.pack_id, row, group, interval)


def build_row(evaluation: PackEvaluation, number: int, language: str) -> EvaluationRow:
    """Return an evaluation as the reader returns it from row `number` of the file."""
    rule, resource, status = evaluation
    finding = build_finding(rule, language) if status is Status.NON_COMPLIANT else NO_FINDING
    actual, expected, operator, property_path, _reason = finding
    substance = " ".join(filter(None, (operator, property_path)))
    result = evaluation_hashes.hash_result(int(status), rule.risk, actual, expected, substance)
    place = evaluation_hashes.hash_place(resource.uid, resource.region, resource.type)
    resource_hash = place ^ evaluation_hashes.hash_resource_id(resource.id)
    return EvaluationRow(
        evaluation_hashes.hash_rule(rule.id) ^ resource_hash,
        result ^ evaluation_hashes.hash_resource_name(resource.name),
        resource_hash,
        0,  # the group, which build_spans gives
        resource.id,
        resource.name,
        *finding,
        sheet=0,
        row=number,
    )


@lru_cache(maxsize=1_000)
def build_finding(rule: ManagedRule, language: str) -> evaluation_hashes.Finding:
    reason = build_reason_sentence(rule, language)
    return (rule.actual, rule.desired, rule.operator, rule.property, reason)
