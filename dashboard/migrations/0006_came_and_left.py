"""Replace the counts of new, fixed and gone evaluations by those of all that came and left.

The old counts are not copied: they left out changes. The worker counts the changes of all reports.
"""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("dashboard", "0005_finding_operator")]
    operations = [
        migrations.RemoveField("report", "new"),
        migrations.RemoveField("report", "fixed"),
        migrations.RemoveField("report", "gone"),
        migrations.RemoveField("ruleresult", "new"),
        migrations.RemoveField("ruleresult", "fixed"),
        migrations.AddField("report", "came", models.PositiveIntegerField(null=True)),
        migrations.AddField("report", "left", models.PositiveIntegerField(null=True)),
        migrations.AddField("report", "changes_by_reason", models.JSONField(null=True)),
        migrations.AddField("report", "high_risk_changes_by_reason", models.JSONField(null=True)),
        migrations.AddField("ruleresult", "came", models.PositiveIntegerField(null=True)),
        migrations.AddField("ruleresult", "left", models.PositiveIntegerField(null=True)),
        migrations.AddField("ruleresult", "changes_by_reason", models.JSONField(null=True)),
        migrations.AddIndex(
            "report",
            models.Index(
                fields=["pack", "position"],
                condition=models.Q(state="ready", changes_by_reason__isnull=True),
                name="changes_not_counted",
            ),
        ),
    ]
