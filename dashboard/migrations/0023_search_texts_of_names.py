"""Store the names and ids of packs and accounts case-folded, so that all databases find the same.

The texts of existing rows are built as models/search_texts.py did it when this migration was
written.
"""

from django.db import migrations, models

ROWS_PER_WRITE = 500


def fill_search_texts(apps, schema_editor):
    accounts = apps.get_model("dashboard", "Account").objects
    rows = list(accounts.only("name", "uid").order_by("pk"))
    for account in rows:
        account.search_text = fold_lines(account.name, account.uid)
    accounts.bulk_update(rows, ["search_text"], batch_size=ROWS_PER_WRITE)
    fill_summaries(apps.get_model("dashboard", "PackSummary").objects)


def fill_summaries(manager):
    names = ("pack__name", "pack__pack_id", "account__name", "account__uid")
    summaries = list(manager.select_related("pack", "account").only(*names).order_by("pk"))
    for summary in summaries:
        pack, account = summary.pack, summary.account
        summary.search_text = fold_lines(pack.name, pack.pack_id, account.name, account.uid)
    manager.bulk_update(summaries, ["search_text"], batch_size=ROWS_PER_WRITE)


def fold_lines(*texts):
    return "\n".join(filter(None, texts)).casefold()


class Migration(migrations.Migration):
    dependencies = [("dashboard", "0022_report_counts")]
    operations = [
        *(
            migrations.AddField(
                model, "search_text", models.TextField(db_default="", editable=False)
            )
            for model in ("account", "packsummary")
        ),
        migrations.RunPython(fill_search_texts, migrations.RunPython.noop, elidable=True),
    ]
