"""Control the sandbox from a browser test."""

from collections.abc import Iterator
from contextlib import contextmanager

from dashboard.sandbox.wsgi import Sandbox


def get_pack_id(sandbox: Sandbox, pack_name: str) -> str:
    """Return the cloud's id of the pack with this name."""
    return next(pack.id for pack in sandbox.cloud_state.packs.values() if pack.name == pack_name)


@contextmanager
def hold_report(sandbox: Sandbox, pack_name: str) -> Iterator[None]:
    """Let no report of the pack complete during the `with` block.

    The test can then look at the running report, however slow the machine is.
    """
    sandbox.faults.set("never-completes", pack=get_pack_id(sandbox, pack_name))
    try:
        yield
    finally:
        sandbox.faults.clear("never-completes")
