"""The resources that the latest report of each pack names, for the search."""

from django.db import models

from dashboard.models.accounts import Pack


class PackResource(models.Model):
    """A resource of which the latest report of a pack states at least one evaluation.

    ledger/pack_resources.py keeps these rows in step with the spans that are still valid.
    """

    pack = models.ForeignKey(Pack, on_delete=models.CASCADE, related_name="+")
    # The hash that Evaluation.resource has, too.
    resource = models.BigIntegerField()
    # Id and name of the resource, as build_search_text makes it.
    search_text = models.TextField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["resource", "pack"], name="a_resource_is_in_a_pack_once"
            )
        ]

    def __str__(self) -> str:
        return self.search_text.partition("\n")[0]
