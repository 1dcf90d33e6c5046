"""Add the resource rate and the checked counts.

The overview of a file that lists failing resources only counts resources: what the evaluation rate
of such a report was computed from becomes its resource rate.
"""

from django.db import migrations, models

COMPLIANT = 5  # Status.COMPLIANT
BATCH_SIZE = 500


def move_overview_counts(apps, schema_editor):
    """Move the counts that came from an overview to the resource rate."""
    reports = apps.get_model('dashboard', 'Report').objects.filter(state='ready')
    columns = ('rated_compliant', 'rated_failing', 'listed_statuses', 'stated_counts')
    moved = []
    for report in reports.only(*columns).iterator(BATCH_SIZE):
        overview = (report.stated_counts or {}).get('overview') or {}
        if COMPLIANT in (report.listed_statuses or []) or 'compliant' not in overview:
            continue
        if 'non_compliant' in overview:  # without it there was no rate, but 100 % was shown
            report.resources_compliant = report.rated_compliant
            report.resources_failing = report.rated_failing
            report.resources_source = 'overview'
        report.rated_compliant = report.rated_failing = 0
        moved.append(report)
    update_rates(reports, moved)


def restore_overview_counts(apps, schema_editor):
    """Move the counts of overviews back."""
    reports = apps.get_model('dashboard', 'Report').objects.filter(resources_source='overview')
    moved = list(reports.only('resources_compliant', 'resources_failing'))
    for report in moved:
        report.rated_compliant = report.resources_compliant or 0
        report.rated_failing = report.resources_failing or 0
    update_rates(reports, moved)


def update_rates(reports, moved):
    fields = (
        'rated_compliant', 'rated_failing', 'resources_compliant', 'resources_failing',
        'resources_source',
    )
    reports.bulk_update(moved, fields, batch_size=BATCH_SIZE)


class Migration(migrations.Migration):

    dependencies = [
        ('dashboard', '0006_came_and_left'),
    ]

    operations = [
        migrations.AddField(
            model_name='report',
            name='resources_compliant',
            field=models.PositiveIntegerField(null=True),
        ),
        migrations.AddField(
            model_name='report',
            name='resources_failing',
            field=models.PositiveIntegerField(null=True),
        ),
        migrations.AddField(
            model_name='report',
            name='resources_source',
            field=models.CharField(blank=True, choices=[('rows', 'counted from the rows of the file'), ('overview', "stated by the file's overview")], default='', max_length=8),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name='report',
            name='count_checks',
            field=models.JSONField(null=True),
        ),
        migrations.RunPython(move_overview_counts, restore_overview_counts),
    ]
