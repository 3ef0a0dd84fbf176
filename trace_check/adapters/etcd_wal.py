"""etcd's write-ahead log: the binary segments `*.wal` of a node's member/wal folder.

Decides framing (8 bytes of length and padding before each record), the running checksum (CRC-32C) and the end
of a segment: zeros, which etcd writes ahead. A record that is cut short at the end of a segment is what a
crash leaves behind. Names of members come from the membership entries. Source: etcd, server/storage/wal
(record.proto, encoder.go) and raftpb (raft.proto).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import IO, Any

import msgspec

from trace_check.adapters.etcd_records import WalEvents
from trace_check.adapters.protobuf import bytes_in, fields_of, number_in
from trace_check.errors import InputError, InvalidRecord
from trace_check.event import Config, Item, Place, Unmapped

NAME = "etcd-wal"

_METADATA, _ENTRY, _STATE, _CRC, _SNAPSHOT = 1, 2, 3, 4, 5
_CONF_CHANGE = 1
_FRAME_BYTES = 8
_RECORD_BYTES_MAX = 1 << 30
_FIRST_RECORD = re.compile(rb"[\x00-\xff]{3}\x00{4}[\x00\x80-\x87]\x08\x04\x10", re.DOTALL)


def certainty(line: dict[str, Any]) -> int:
    """0: no line of text is of this format."""
    return 0


def claims(head: bytes) -> bool:
    """True for the first bytes of a segment: a framed checksum record."""
    return _FIRST_RECORD.match(head) is not None


def records(stream: IO[bytes]) -> Iterator[bytes]:
    """The frames of a segment, each with its length, up to the zeros behind the last one.

    A frame that the segment ends in is given as it is: the parser tells that it is torn.
    """
    while True:
        head = stream.read(_FRAME_BYTES)
        if not head.strip(b"\0"):
            return
        size, padding = _lengths(head)
        if len(head) < _FRAME_BYTES or size > _RECORD_BYTES_MAX:
            yield head
            return
        body = stream.read(size + padding)
        yield head + body
        if len(body) < size + padding:
            return


def _lengths(head: bytes) -> tuple[int, int]:
    """The bytes of a record and of its padding."""
    word = int.from_bytes(head[:_FRAME_BYTES], "little")
    padded = bool(word >> 63)
    return word & 0x00FF_FFFF_FFFF_FFFF, (word >> 56) & 7 if padded else 0


class Parser:
    """Reads the records of one segment."""

    def __init__(self) -> None:
        self._events = WalEvents()
        self._node = ""
        self._crc = 0

    def parse(self, line: bytes, place: Place) -> tuple[Item, ...]:
        """The items of one frame. Raises: InvalidRecord where it is cut short or its checksum is wrong."""
        size, padding = _lengths(line)
        if len(line) < _FRAME_BYTES or len(line) != _FRAME_BYTES + size + padding:
            raise _invalid(place, "the record is cut short")
        try:
            record = fields_of(line[_FRAME_BYTES : _FRAME_BYTES + size])
            kind, crc, data = number_in(record, 1), number_in(record, 2), bytes_in(record, 3)
            if kind == _CRC:
                return self._checksum(crc, place)
            self._crc = _crc32c(data, self._crc)
            if crc != self._crc:
                raise _invalid(place, f"the checksum is {crc:08x}, the data give {self._crc:08x}")
            return self._record(kind, data, place)
        except ValueError as error:
            raise _invalid(place, f"the record is no protobuf message: {error}") from None

    def _checksum(self, crc: int, place: Place) -> tuple[Item, ...]:
        """A checksum record carries on the running sum of the segment before."""
        if self._crc not in (0, crc):
            raise _invalid(place, f"the running checksum is {crc:08x}, the data give {self._crc:08x}")
        self._crc = crc
        return ()

    def _record(self, kind: int, data: bytes, place: Place) -> tuple[Item, ...]:
        fields = fields_of(data)
        if kind == _METADATA:
            self._node = f"{number_in(fields, 1):x}"
            return (Config(place=place, node=self._node),)
        if not self._node:
            raise InputError(
                "a record comes before the metadata that name the node",
                mend="name the whole segment file, as etcd wrote it",
                path=place.path,
                line=place.line,
            )
        if kind == _ENTRY:
            entry = self._events.entry(self._node, number_in(fields, 3), number_in(fields, 2), place)
            return (*_member_named(fields, place), entry)
        if kind == _STATE:
            vote, commit = f"{number_in(fields, 2):x}", number_in(fields, 3)
            return (self._events.state(self._node, number_in(fields, 1), vote, commit, place),)
        if kind == _SNAPSHOT:
            event = self._events.snapshot(self._node, number_in(fields, 1), number_in(fields, 2), place)
            return () if event is None else (event,)
        return (Unmapped(place, f"unknown record type {kind}"),)


def _crc32c(data: bytes, before: int) -> int:
    """The checksum carried on from `before`. Loaded when a segment is read: most runs read none."""
    from crc32c import crc32c

    return crc32c(data, before)


def _member_named(entry: dict[int, int | bytes], place: Place) -> tuple[Item, ...]:
    """The name that a membership entry gives to a member, as a Config."""
    if number_in(entry, 1) != _CONF_CHANGE:
        return ()
    change = fields_of(bytes_in(entry, 4))
    try:
        name = msgspec.json.decode(bytes_in(change, 4), type=_Member).name
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ()
    return (Config(place=place, names=((f"{number_in(change, 3):x}", name),)),) if name else ()


class _Member(msgspec.Struct):
    """The context of a membership entry."""

    name: str = ""


def _invalid(place: Place, what: str) -> InvalidRecord:
    mend = "copy the segment again while the server is stopped; only a torn end is tolerated"
    return InvalidRecord(f"record {place.line}: {what}", mend=mend, path=place.path, line=place.line)
