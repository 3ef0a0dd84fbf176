"""The fields of a protobuf message, as far as logs use them: varints and bytes. It knows no message types.

Source: the wire format of Protocol Buffers (encoding).
"""

from __future__ import annotations

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_FIXED_BYTES = {_FIXED64: 8, _FIXED32: 4}
_VARINT_BYTES_MAX = 10


def fields_of(data: bytes) -> dict[int, int | bytes]:
    """The last value of each field by its number: an unsigned integer or bytes. Most numbers have one byte.

    Raises: ValueError for bytes that are no message.
    """
    fields: dict[int, int | bytes] = {}
    at, end = 0, len(data)
    while at < end:
        tag = data[at]
        at += 1
        if tag >= 0x80:
            tag, at = _varint(data, at - 1)
        kind = tag & 7
        if kind in _FIXED_BYTES:
            value = _FIXED_BYTES[kind]
        elif kind in (_VARINT, _BYTES):
            if at >= end:
                raise ValueError("a field has no value")
            value = data[at]
            at += 1
            if value >= 0x80:
                value, at = _varint(data, at - 1)
        else:
            raise ValueError(f"wire type {kind} is unknown")
        if kind == _VARINT:
            fields[tag >> 3] = value
            continue
        if at + value > end:
            raise ValueError("a field is longer than its message")
        fields[tag >> 3] = data[at : at + value]
        at += value
    return fields


def number_in(fields: dict[int, int | bytes], number: int) -> int:
    """The unsigned integer in a field, 0 where it is missing. Raises: ValueError where it holds bytes."""
    value = fields.get(number, 0)
    if not isinstance(value, int):
        raise ValueError(f"field {number} holds bytes instead of a number")
    return value


def bytes_in(fields: dict[int, int | bytes], number: int) -> bytes:
    """The bytes in a field, empty where it is missing. Raises: ValueError where it holds a number."""
    value = fields.get(number, b"")
    if not isinstance(value, bytes):
        raise ValueError(f"field {number} holds a number instead of bytes")
    return value


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """The integer that begins at `at`, and where it ends. Raises: ValueError for one without an end."""
    value = 0
    for shift in range(_VARINT_BYTES_MAX):
        if at >= len(data):
            raise ValueError("a number is cut short")
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << 7 * shift
        if byte < 0x80:
            return value & 0xFFFF_FFFF_FFFF_FFFF, at
    raise ValueError("a number is too long")
