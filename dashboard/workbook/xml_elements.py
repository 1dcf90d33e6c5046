"""Read XML of unknown origin element by element with lxml; no entity and no address is followed."""

from collections.abc import Iterator
from typing import IO, Any, cast

from lxml import etree

from .errors import WorkbookError


def read_elements(file: IO[bytes], *tags: str) -> Iterator[etree._Element]:
    """Yield each complete element with one of these tags; it is freed when the next is taken."""
    is_first = True
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
            if is_first and element.getroottree().docinfo.internalDTD is not None:
                # No workbook declares entities; without them, texts would be lost.
                raise WorkbookError("bomb", cause="entity")
            is_first = False
            yield element
            element.clear()
            while element.getprevious() is not None:
                del element.getparent()[0]
    except etree.XMLSyntaxError as error:
        raise explain_xml_error(error) from error


def explain_xml_error(error: etree.XMLSyntaxError) -> WorkbookError:
    """Return the cause of what libxml2 calls bad syntax. Raises MemoryError for that cause."""
    if cast("Any", error).code == etree.ErrorTypes.ERR_NO_MEMORY:
        raise MemoryError
    message = str(error)
    if "Entity" in message or "entity" in message:
        return WorkbookError("bomb", cause="entity")
    is_truncated = any(
        part in message
        for part in ("Premature end", "EndTag", "no element found", "Document is empty")
    )
    return WorkbookError("truncated" if is_truncated else "corrupt", cause="XML")
