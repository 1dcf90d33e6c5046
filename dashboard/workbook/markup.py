"""XML that a stranger wrote, read element by element with lxml: no entity and no address is followed."""

from collections.abc import Iterator
from typing import IO, Any, cast

from lxml import etree

from .errors import WorkbookError


def elements(file: IO[bytes], *tags: str) -> Iterator[etree._Element]:
    """Every element with one of these tags, complete; each is forgotten when the next is asked for."""
    trusted = False
    try:
        for _, element in etree.iterparse(
            file,
            events=("end",),
            tag=tags,
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            huge_tree=False,
        ):
            if not trusted and element.getroottree().docinfo.internalDTD is not None:
                raise WorkbookError(
                    "bomb", cause="entity"
                )  # no workbook declares entities; unexpanded, text would be lost
            trusted = True
            yield element
            element.clear()
            while element.getprevious() is not None:
                del element.getparent()[0]
    except etree.XMLSyntaxError as fault:
        raise named(fault) from fault


def named(fault: etree.XMLSyntaxError) -> WorkbookError:
    """What is wrong, where libxml2 calls everything bad syntax; raises MemoryError where that is the cause."""
    if cast("Any", fault).code == etree.ErrorTypes.ERR_NO_MEMORY:
        raise MemoryError
    words = str(fault)
    if "Entity" in words or "entity" in words:
        return WorkbookError("bomb", cause="entity")
    ended = (
        "Premature end" in words
        or "EndTag" in words
        or "no element found" in words
        or "Document is empty" in words
    )
    return WorkbookError("truncated" if ended else "corrupt", cause="XML")
