"""Decrypt workbooks that are protected against changes only.

Excel encrypts a workbook whose structure is protected with a password that is always the same, and
opens it without asking. A workbook that asks for a password cannot be read.

[MS-OFFCRYPTO], https://learn.microsoft.com/en-us/openspecs/office_file_formats/ms-offcrypto/
"""

import base64
import hashlib
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .errors import WorkbookError
from .ole_streams import ENCRYPTED_PACKAGE, read_stream

DEFAULT_PASSWORD = "VelvetSweatshop"  # noqa: S105  2.3.1: every Excel knows it
_PASSWORD_BYTES = DEFAULT_PASSWORD.encode("utf-16-le")
_SEGMENT_SIZE = 4096  # bytes of the package that are encrypted together
_AGILE_VERSION = (4, 4)
_STANDARD_MINOR_VERSION = 2
_STANDARD_SPIN_COUNT = 50_000
_MAXIMUM_SPIN_COUNT = 1_000_000  # Excel writes 100,000; more would only take time
_HASHES = ("SHA1", "SHA256", "SHA384", "SHA512", "MD5")
# 2.3.4.12 and 2.3.4.13: what each key is made for.
_VERIFIER_INPUT_KEY = bytes.fromhex("fea7d2763b4b9e79")
_VERIFIER_VALUE_KEY = bytes.fromhex("d7aa0f6d3061344e")
_PACKAGE_KEY = bytes.fromhex("146e0be7abacd0d6")


def decrypt_package(container: bytes) -> bytes | None:
    """Return the decrypted .xlsx in an OLE container; None if the container has no .xlsx.

    Raise WorkbookError if the .xlsx asks for a password, or is encrypted in an unknown way.
    """
    package = read_stream(container, ENCRYPTED_PACKAGE)
    if package is None:
        return None
    description = read_stream(container, "EncryptionInfo")
    try:
        if description is None:
            raise WorkbookError("encrypted")
        version = struct.unpack_from("<HH", description)
        (size,) = struct.unpack_from("<Q", package)
        if version == _AGILE_VERSION:
            content = _decrypt_agile(description[8:], package[8:])
        elif version[1] == _STANDARD_MINOR_VERSION:
            content = _decrypt_standard(description[8:], package[8:])
        else:
            raise WorkbookError("encrypted", version=f"{version[0]}.{version[1]}")
    except (struct.error, ValueError, AttributeError, TypeError, SyntaxError) as error:
        raise WorkbookError("encrypted", cause=type(error).__name__) from error
    return content[:size]


@dataclass
class _AgileKey:
    """A `keyData` or `encryptedKey` element of the description."""

    salt: bytes
    block_size: int
    key_size: int
    hash_size: int
    hash_name: str

    @classmethod
    def from_element(cls, element: Any) -> "_AgileKey":
        hash_name = element.get("hashAlgorithm").upper().replace("-", "")
        if (element.get("cipherAlgorithm"), element.get("cipherChaining")) != (
            "AES",
            "ChainingModeCBC",
        ) or hash_name not in _HASHES:
            raise WorkbookError("encrypted", cause="algorithm")
        return cls(
            base64.b64decode(element.get("saltValue")),
            int(element.get("blockSize")),
            int(element.get("keyBits")) // 8,
            int(element.get("hashSize")),
            hash_name,
        )

    def hash_bytes(self, data: bytes) -> bytes:
        return hashlib.new(self.hash_name, data, usedforsecurity=False).digest()


def _decrypt_agile(description: bytes, package: bytes) -> bytes:
    """Decrypt a package whose keys are described in XML (2.3.4.10)."""
    from lxml import etree  # imported here, because few files need it

    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    root = etree.fromstring(description, parser=parser)
    package_key = _AgileKey.from_element(root.find("{*}keyData"))
    element: Any = root.find(".//{*}encryptedKey")
    password_key = _AgileKey.from_element(element)
    spin_count = int(element.get("spinCount"))
    if spin_count > _MAXIMUM_SPIN_COUNT:
        raise WorkbookError("encrypted", cause="spin count")
    password_hash = _hash_password(password_key.hash_bytes, password_key.salt, spin_count)

    def decrypt_value(name: str, purpose: bytes) -> bytes:
        key = password_key.hash_bytes(password_hash + purpose)
        key = _resize(key, password_key.key_size)
        initial_vector = _resize(password_key.salt, password_key.block_size)
        return _decrypt_cbc(key, initial_vector, base64.b64decode(element.get(name)))

    verifier = decrypt_value("encryptedVerifierHashInput", _VERIFIER_INPUT_KEY)
    verifier_hash = decrypt_value("encryptedVerifierHashValue", _VERIFIER_VALUE_KEY)
    if password_key.hash_bytes(verifier) != verifier_hash[: password_key.hash_size]:
        raise WorkbookError("encrypted")
    key = decrypt_value("encryptedKeyValue", _PACKAGE_KEY)[: package_key.key_size]
    segments = []
    for number, start in enumerate(range(0, len(package), _SEGMENT_SIZE)):
        vector = package_key.hash_bytes(package_key.salt + struct.pack("<I", number))
        vector = _resize(vector, package_key.block_size)
        segments.append(_decrypt_cbc(key, vector, package[start : start + _SEGMENT_SIZE]))
    return b"".join(segments)


def _hash_password(hash_bytes: Callable[[bytes], bytes], salt: bytes, spin_count: int) -> bytes:
    """Return the hash of the default password, which is hashed many times (2.3.4.7, 2.3.4.11)."""
    value = hash_bytes(salt + _PASSWORD_BYTES)
    for number in range(spin_count):
        value = hash_bytes(struct.pack("<I", number) + value)
    return value


def _decrypt_standard(description: bytes, package: bytes) -> bytes:
    """Decrypt a package whose keys are described in binary (2.3.4.5 to 2.3.4.9)."""
    header_size, _flags, _extra, _cipher, _hash, key_bits = struct.unpack_from("<6I", description)
    verifier_start = 4 + header_size
    salt = description[verifier_start + 4 : verifier_start + 20]
    encrypted_verifier = description[verifier_start + 20 : verifier_start + 36]
    encrypted_hash = description[verifier_start + 40 : verifier_start + 72]

    def hash_bytes(data: bytes) -> bytes:
        return hashlib.sha1(data, usedforsecurity=False).digest()

    value = hash_bytes(_hash_password(hash_bytes, salt, _STANDARD_SPIN_COUNT) + bytes(4))
    halves = [
        hash_bytes(
            bytes(byte ^ pad for byte, pad in zip(value.ljust(64, b"\0"), pads, strict=True))
        )
        for pads in (b"\x36" * 64, b"\x5c" * 64)
    ]
    key = b"".join(halves)[: key_bits // 8]
    if hash_bytes(_decrypt_ecb(key, encrypted_verifier)) != _decrypt_ecb(key, encrypted_hash)[:20]:
        raise WorkbookError("encrypted")
    return _decrypt_ecb(key, package)


def _resize(value: bytes, size: int) -> bytes:
    return value[:size].ljust(size, b"\x36")


def _decrypt_cbc(key: bytes, initial_vector: bytes, data: bytes) -> bytes:
    from cryptography.hazmat.primitives.ciphers import modes

    return _decrypt_aes(key, modes.CBC(initial_vector), data)


def _decrypt_ecb(key: bytes, data: bytes) -> bytes:
    from cryptography.hazmat.primitives.ciphers import modes

    return _decrypt_aes(key, modes.ECB(), data)  # noqa: S305  the file was written so


def _decrypt_aes(key: bytes, mode: Any, data: bytes) -> bytes:
    """Decrypt whole blocks; a part of a block at the end is left out."""
    # Imported here, because few files need it.
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms

    decryptor = Cipher(algorithms.AES(key), mode).decryptor()
    return decryptor.update(data[: len(data) // 16 * 16]) + decryptor.finalize()
