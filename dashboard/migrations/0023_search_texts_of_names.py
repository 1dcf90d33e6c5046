"""Store the names and ids of packs and accounts case-folded, so that all databases find the same.

The texts of existing rows are built as models/search_texts.py did it when this migration was
written.
"""

from django.db import migrations, models

ROWS_PER_WRITE = 500
# Model, and the fields of name and id.
SOURCES = (("Account", "name", "uid"), ("Pack", "name", "pack_id"))


def fill_search_texts(apps, schema_editor):
    for model_name, *sources in SOURCES:
        manager = apps.get_model("dashboard", model_name).objects
        rows = list(manager.only(*sources).order_by("pk"))
        for row in rows:
            names = (getattr(row, source) for source in sources)
            row.search_text = "\n".join(filter(None, names)).casefold()
        manager.bulk_update(rows, ["search_text"], batch_size=ROWS_PER_WRITE)
    fill_summaries(apps.get_model("dashboard", "PackSummary").objects)


def fill_summaries(manager):
    texts = ("pack__search_text", "account__search_text")
    summaries = list(manager.select_related("pack", "account").only(*texts).order_by("pk"))
    for summary in summaries:
        summary.search_text = f"{summary.pack.search_text}\n{summary.account.search_text}"
    manager.bulk_update(summaries, ["search_text"], batch_size=ROWS_PER_WRITE)


class Migration(migrations.Migration):
    dependencies = [("dashboard", "0022_report_counts")]
    operations = [
        *(
            migrations.AddField(
                model, "search_text", models.TextField(db_default="", editable=False)
            )
            for model in ("account", "pack", "packsummary")
        ),
        migrations.RunPython(fill_search_texts, migrations.RunPython.noop, elidable=True),
    ]
