"""The result of each rule in a report."""

from typing import Self

from django.db import models

from dashboard.models.accounts import Rule
from dashboard.models.evaluations import Risk
from dashboard.models.reports import Report


class RuleText(models.Model):
    """What the cloud says of a rule, in the language it came in; shared by the reports it is in."""

    text_hash = models.CharField(max_length=64, primary_key=True)
    description = models.TextField(blank=True)
    # The name of the managed rule, such as ecs-instance-deletion-protection-enabled.
    identifier = models.CharField(max_length=200, blank=True)
    resource_types = models.TextField(blank=True)
    trigger_types = models.CharField(max_length=200, blank=True)

    def __str__(self) -> str:
        return self.identifier or self.text_hash


class RuleResultQuerySet(models.QuerySet["RuleResult"]):
    def failing_first(self) -> Self:
        """Order by: failing rules first, then risk, number of failing resources, name."""
        failing = models.Case(models.When(failing__gt=0, then=0), default=1)
        return self.order_by(failing, "risk", "-failing", "name", "pk")


class RuleResult(models.Model):
    """A rule as one report states it, and how many resources have each status in that report."""

    report = models.ForeignKey(Report, on_delete=models.CASCADE, related_name="rule_results")
    rule = models.ForeignKey(Rule, on_delete=models.CASCADE, related_name="results")
    name = models.CharField(max_length=300)
    risk = models.PositiveSmallIntegerField(choices=Risk, default=Risk.NOT_STATED)
    # {name: value} from GetCompliancePack when the report was made; null if it was not called.
    parameters = models.JSONField(null=True)
    text = models.ForeignKey(RuleText, on_delete=models.PROTECT, null=True, related_name="+")
    # What GetConfigRule said when the report was made, of a rule without evaluations: "state",
    # "error_code", "error_message", "evaluated_ms". Null if it was not asked.
    cloud_state = models.JSONField(null=True)
    failing = models.PositiveIntegerField(default=0)
    compliant = models.PositiveIntegerField(default=0)
    ignored = models.PositiveIntegerField(default=0)
    not_applicable = models.PositiveIntegerField(default=0)
    insufficient_data = models.PositiveIntegerField(default=0)
    # The counts that the file's list of rules states for this rule: {name of Status: count}.
    stated_counts = models.JSONField(default=dict)
    # As in Report: failing evaluations that came and left since the report before.
    came = models.PositiveIntegerField(null=True)
    left = models.PositiveIntegerField(null=True)
    changes_by_reason = models.JSONField(null=True)

    objects = RuleResultQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["report", "rule"], name="a_rule_has_one_result_in_a_report"
            )
        ]

    def __str__(self) -> str:
        return self.name
