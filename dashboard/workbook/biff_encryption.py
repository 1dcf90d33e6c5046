"""Decrypt the stream of an .xls file that is protected against changes only.

See office_encryption. The record FILEPASS says how the stream is encrypted ([MS-XLS] 2.4.117);
everything after it but the headers of the records is encrypted.
"""

import hashlib
import struct
from typing import Any

from .errors import WorkbookError
from .office_encryption import DEFAULT_PASSWORD

_PASSWORD_BYTES = DEFAULT_PASSWORD.encode("utf-16-le")
_BLOCK_SIZE = 1024  # bytes that are encrypted with one key
_HEADER_SIZE = 4  # of a record
_BOUNDSHEET = 0x0085
# [MS-XLS] 2.2.10: records whose bodies are not encrypted. They are BOF, FILEPASS, USREXCL,
# FILELOCK, INTERFACEHDR, RRDINFO and RRDHEAD.
_PLAIN_RECORDS = frozenset(
    (0x0009, 0x0209, 0x0409, 0x0809, 0x002F, 0x0194, 0x0195, 0x00E1, 0x0196, 0x0138)
)
_BOUNDSHEET_PLAIN_SIZE = 4  # bytes of the position of the sheet
_RC4, _XOR = 1, 0
# [MS-OFFCRYPTO] 2.3.7.2
_XOR_PADDING = bytes.fromhex("bbffffbaffffb98000be0f00bf0f00")


def decrypt_stream(stream: bytes, filepass: bytes, biff_version: int) -> bytes:
    """Return the stream with all records decrypted; `filepass` is the body of FILEPASS.

    Raise WorkbookError if the file asks for a password, or is encrypted in an unknown way.
    """
    try:
        if biff_version < 8:
            return _decrypt_xor(stream, *struct.unpack_from("<HH", filepass))
        (kind,) = struct.unpack_from("<H", filepass)
        if kind == _XOR:
            return _decrypt_xor(stream, *struct.unpack_from("<HH", filepass, 2))
        if kind == _RC4:
            major, minor = struct.unpack_from("<HH", filepass, 2)
            if (major, minor) == (1, 1):
                return _decrypt_rc4(stream, _StandardKeys(filepass[6:]))
            if minor == 2:
                return _decrypt_rc4(stream, _CryptoApiKeys(filepass[6:]))
    except struct.error as error:
        raise WorkbookError("encrypted", cause="FILEPASS") from error
    raise WorkbookError("encrypted")


def _list_encrypted_parts(stream: bytes) -> list[tuple[int, int, int]]:
    """Return (start of the record's body, start, end) of each part that is encrypted."""
    parts = []
    position = 0
    while position + _HEADER_SIZE <= len(stream):
        record_type, size = struct.unpack_from("<HH", stream, position)
        body = position + _HEADER_SIZE
        position = body + size
        if record_type in _PLAIN_RECORDS:
            continue
        start = body + (_BOUNDSHEET_PLAIN_SIZE if record_type == _BOUNDSHEET else 0)
        if start < min(position, len(stream)):
            parts.append((body, start, min(position, len(stream))))
    return parts


class _StandardKeys:
    """RC4 with a key of 40 bits, as Excel 97 encrypts ([MS-OFFCRYPTO] 2.3.6)."""

    def __init__(self, description: bytes) -> None:
        salt, verifier, verifier_hash = struct.unpack_from("<16s16s16s", description)
        first_hash = _hash_md5(_PASSWORD_BYTES)[:5]
        self._base = _hash_md5((first_hash + salt) * 16)[:5]
        decrypted = _apply_rc4(self.make_key(0), verifier + verifier_hash)
        if _hash_md5(decrypted[:16]) != decrypted[16:]:
            raise WorkbookError("encrypted")

    def make_key(self, block: int) -> bytes:
        return _hash_md5(self._base + struct.pack("<I", block))


class _CryptoApiKeys:
    """RC4 with a key of up to 128 bits ([MS-OFFCRYPTO] 2.3.5)."""

    def __init__(self, description: bytes) -> None:
        (header_size,) = struct.unpack_from("<I", description, 4)
        (key_bits,) = struct.unpack_from("<I", description, 8 + 16)
        self._key_size = (key_bits or 40) // 8
        salt, verifier, verifier_hash = struct.unpack_from(
            "<16s16s4x20s", description, 8 + header_size + 4
        )
        self._base = _hash_sha1(salt + _PASSWORD_BYTES)
        decrypted = _apply_rc4(self.make_key(0), verifier + verifier_hash)
        if _hash_sha1(decrypted[:16]) != decrypted[16:]:
            raise WorkbookError("encrypted")

    def make_key(self, block: int) -> bytes:
        key = _hash_sha1(self._base + struct.pack("<I", block))[: self._key_size]
        return key.ljust(16, b"\0") if self._key_size == 5 else key


def _decrypt_rc4(stream: bytes, keys: _StandardKeys | _CryptoApiKeys) -> bytes:
    """Return the decrypted stream: the headers stay, but count as bytes of the blocks."""
    blocks = [
        _apply_rc4(keys.make_key(number), stream[start : start + _BLOCK_SIZE])
        for number, start in enumerate(range(0, len(stream), _BLOCK_SIZE))
    ]
    whole = b"".join(blocks)
    decrypted = bytearray(stream)
    for _body, start, end in _list_encrypted_parts(stream):
        decrypted[start:end] = whole[start:end]
    return bytes(decrypted)


def _apply_rc4(key: bytes, data: bytes) -> bytes:
    # Imported here, because few files need it.
    from cryptography.hazmat.decrepit.ciphers.algorithms import ARC4
    from cryptography.hazmat.primitives.ciphers import Cipher

    cipher: Any = Cipher(ARC4(key), mode=None)
    return bytes(cipher.decryptor().update(data))


def _decrypt_xor(stream: bytes, key: int, verifier: int) -> bytes:
    """Return the stream without XOR obfuscation ([MS-OFFCRYPTO] 2.3.7.3)."""
    password = DEFAULT_PASSWORD.encode()
    if verifier != _make_xor_verifier(password):
        raise WorkbookError("encrypted")
    array = bytearray((password + _XOR_PADDING)[:16])
    for index in range(16):
        mixed = array[index] ^ (key >> 8 if index & 1 else key & 0xFF)
        array[index] = (mixed << 2 | mixed >> 6) & 0xFF
    rotated = bytes((byte << 3 | byte >> 5) & 0xFF for byte in range(256))
    decrypted = bytearray(stream)
    for body, start, end in _list_encrypted_parts(stream):
        (size,) = struct.unpack_from("<H", stream, body - 2)
        first = (start + size) % 16
        mask = (bytes(array[first:] + array[:first]) * ((end - start) // 16 + 1))[: end - start]
        part = stream[start:end].translate(rotated)
        number = int.from_bytes(part) ^ int.from_bytes(mask)
        decrypted[start:end] = number.to_bytes(end - start)
    return bytes(decrypted)


def _make_xor_verifier(password: bytes) -> int:
    """Return the 16-bit hash of a password ([MS-OFFCRYPTO] 2.3.7.1)."""
    verifier = 0
    for byte in bytes([len(password), *password])[::-1]:
        verifier = (verifier >> 14 & 1 | verifier << 1 & 0x7FFF) ^ byte
    return verifier ^ 0xCE4B


def _hash_md5(data: bytes) -> bytes:
    return hashlib.md5(data, usedforsecurity=False).digest()


def _hash_sha1(data: bytes) -> bytes:
    return hashlib.sha1(data, usedforsecurity=False).digest()
