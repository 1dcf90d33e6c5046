"""Read XML of unknown origin with lxml, element by element.

Entities are not replaced, and nothing is loaded from the network: both could be an attack.
"""

from collections.abc import Iterator
from typing import IO, Any, cast

from lxml import etree

from .errors import WorkbookError


def read_elements(file: IO[bytes], *tags: str) -> Iterator[etree._Element]:
    """Yield each element with one of these tags, when its end tag is read.

    An element is emptied when the next one is requested. Raise WorkbookError for XML that is
    truncated, corrupt or declares a DTD.
    """
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
            remove_comments=True,  # a comment would cut the text that contains it
            remove_pis=True,
        ):
            if is_first and element.getroottree().docinfo.internalDTD is not None:
                # A DTD can declare entities. No workbook does, and because they are not replaced,
                # texts that use them would be lost.
                raise WorkbookError("bomb", cause="entity")
            is_first = False
            yield element
            # Free the memory of this element, and of everything before it in the same parent.
            element.clear()
            while element.getprevious() is not None:
                del element.getparent()[0]
    except etree.XMLSyntaxError as error:
        raise explain_xml_error(error) from error


def read_root_name(file: IO[bytes]) -> tuple[str, str | None]:
    """Return the name of the root element without its namespace, and the namespace's prefix.

    Raise WorkbookError if the file is no XML.
    """
    try:
        for _, element in etree.iterparse(
            file, events=("start",), resolve_entities=False, no_network=True, load_dtd=False
        ):
            return etree.QName(element).localname, element.prefix
    except etree.XMLSyntaxError as error:
        raise explain_xml_error(error) from error
    raise WorkbookError("truncated", cause="XML")


def explain_xml_error(error: etree.XMLSyntaxError) -> WorkbookError:
    """Return the WorkbookError for an error that lxml reports as bad syntax.

    Raise MemoryError if the real cause is a lack of memory.
    """
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
