"""Write an .xlsx that is encrypted as Excel 2010 does it, in an OLE container."""

import base64
import hashlib
import struct
from collections.abc import Mapping

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

_SECTOR = 512
_END, _FREE, _FAT = 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFD
_SPIN_COUNT = 1_000
_SALT, _KEY = bytes(range(16)), bytes(range(32))
_PURPOSES = {
    "encryptedVerifierHashInput": "fea7d2763b4b9e79",
    "encryptedVerifierHashValue": "d7aa0f6d3061344e",
    "encryptedKeyValue": "146e0be7abacd0d6",
}


def encrypt_workbook(content: bytes, password: str) -> bytes:
    """Return an .xlsx encrypted with this password ([MS-OFFCRYPTO] 2.3.4.10)."""
    value = hashlib.sha512(_SALT + password.encode("utf-16-le")).digest()
    for number in range(_SPIN_COUNT):
        value = hashlib.sha512(struct.pack("<I", number) + value).digest()
    verifier = bytes(16)
    plain_values = (verifier, hashlib.sha512(verifier).digest(), _KEY)
    values = " ".join(
        f'{name}="{_encode(_encrypt(_make_key(value, purpose), _SALT, plain))}"'
        for (name, purpose), plain in zip(_PURPOSES.items(), plain_values, strict=True)
    )
    algorithm = (
        'saltSize="16" blockSize="16" keyBits="256" hashSize="64" cipherAlgorithm="AES" '
        f'cipherChaining="ChainingModeCBC" hashAlgorithm="SHA512" saltValue="{_encode(_SALT)}"'
    )
    description = (
        '<encryption xmlns="http://schemas.microsoft.com/office/2006/encryption" '
        'xmlns:p="http://schemas.microsoft.com/office/2006/keyEncryptor/password">'
        f"<keyData {algorithm}/><keyEncryptors><keyEncryptor>"
        f'<p:encryptedKey spinCount="{_SPIN_COUNT}" {algorithm} {values}/>'
        "</keyEncryptor></keyEncryptors></encryption>"
    )
    segments = [content[start : start + 4096] for start in range(0, len(content), 4096)]
    package = b"".join(
        _encrypt(_KEY, hashlib.sha512(_SALT + struct.pack("<I", number)).digest()[:16], segment)
        for number, segment in enumerate(segments)
    )
    return build_ole_container(
        {
            "EncryptionInfo": struct.pack("<HHI", 4, 4, 0x40) + description.encode(),
            "EncryptedPackage": struct.pack("<Q", len(content)) + package,
        }
    )


def encrypt_workbook_as_2007(content: bytes, password: str) -> bytes:
    """Return an .xlsx encrypted as Excel 2007 does it ([MS-OFFCRYPTO] 2.3.4.5 to 2.3.4.9)."""
    value = _hash_sha1(_SALT + password.encode("utf-16-le"))
    for number in range(50_000):
        value = _hash_sha1(struct.pack("<I", number) + value)
    value = _hash_sha1(value + bytes(4))
    key = _hash_sha1(bytes(byte ^ 0x36 for byte in value.ljust(64, b"\0")))[:16]
    encryptor = Cipher(algorithms.AES(key), modes.ECB()).encryptor()  # noqa: S305  as Excel does
    verifier = bytes(range(16, 32))
    header = struct.pack("<8I", 0x24, 0, 0x660E, 0x8004, 128, 24, 0, 0) + "AES\0".encode(
        "utf-16-le"
    )
    description = struct.pack("<I", len(header)) + header + struct.pack("<I", 16) + _SALT
    description += encryptor.update(verifier) + struct.pack("<I", 20)
    description += encryptor.update(_hash_sha1(verifier) + bytes(12))
    package = encryptor.update(content + bytes(-len(content) % 16))
    return build_ole_container(
        {
            "EncryptionInfo": struct.pack("<HHI", 3, 2, 0x24) + description,
            "EncryptedPackage": struct.pack("<Q", len(content)) + package,
        }
    )


def _hash_sha1(data: bytes) -> bytes:
    return hashlib.sha1(data, usedforsecurity=False).digest()


def _make_key(password_hash: bytes, purpose: str) -> bytes:
    return hashlib.sha512(password_hash + bytes.fromhex(purpose)).digest()[:32]


def _encrypt(key: bytes, vector: bytes, data: bytes) -> bytes:
    padded = data + bytes(-len(data) % 16)
    return Cipher(algorithms.AES(key), modes.CBC(vector)).encryptor().update(padded)


def _encode(data: bytes) -> str:
    return base64.b64encode(data).decode()


def build_ole_container(streams: Mapping[str, bytes]) -> bytes:
    """Return an OLE container with these streams, each in sectors of its own ([MS-CFB])."""
    table: list[int] = []
    entries = [_make_directory_entry("Root Entry", 5, 0, _END, child=1)]
    sectors = b""
    for number, (name, content) in enumerate(streams.items(), start=1):
        right = number + 1 if number < len(streams) else _FREE
        entries.append(_make_directory_entry(name, 2, len(content), len(table), right=right))
        sectors += content + bytes(-len(content) % _SECTOR)
        last = len(sectors) // _SECTOR
        table += [*range(len(table) + 1, last), _END]
    directory_start = len(table)
    table += [_END, _FAT]
    sectors += b"".join(entries).ljust(_SECTOR, b"\0")
    sectors += struct.pack(f"<{len(table)}I", *table).ljust(_SECTOR, b"\xff")
    header = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(16)
    header += struct.pack("<HHHHH6x", 0x3E, 3, 0xFFFE, 9, 6)
    header += struct.pack("<9I", 0, 1, directory_start, 0, 0, _END, 0, _END, 0)
    header += struct.pack("<I", directory_start + 1)
    return header.ljust(_SECTOR, b"\xff") + sectors


def _make_directory_entry(
    name: str, kind: int, size: int, start: int, *, child: int = _FREE, right: int = _FREE
) -> bytes:
    encoded = name.encode("utf-16-le") + b"\0\0"
    return (
        encoded.ljust(64, b"\0")
        + struct.pack("<HBBIII", len(encoded), kind, 1, _FREE, right, child)
        + bytes(36)
        + struct.pack("<IQ", start, size)
    )
