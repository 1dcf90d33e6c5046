"""Rename fields to words that say what they hold. No row changes."""

from django.db import migrations, models

RENAMED = (
    ("report", "lists", "listed_statuses"),
    ("report", "stated", "stated_counts"),
    ("report", "scope", "rules_hash"),
    ("report", "content", "content_hash"),
    ("report", "choices", "filter_choices"),
    ("report", "reader", "reader_version"),
    ("report", "asked", "poll_count"),
    ("report", "troubles", "failed_attempts"),
    ("report", "kind", "file_kind"),
    ("ruleresult", "stated", "stated_counts"),
    ("evaluation", "text", "search_text"),
)


class Migration(migrations.Migration):
    dependencies = [("dashboard", "0002_resources_by_pack")]
    operations = [
        # Django does not rename the fields that an index names.
        migrations.RemoveIndex("report", "of_equal_content"),
        *[migrations.RenameField(model, old, new) for model, old, new in RENAMED],
        migrations.AddIndex(
            "report",
            models.Index(fields=["pack", "content_hash", "position"], name="of_equal_content"),
        ),
    ]
