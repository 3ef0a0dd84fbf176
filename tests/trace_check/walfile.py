"""Write-ahead log segments as etcd writes them, made by hand, and the text of a dump."""

from __future__ import annotations

from crc32c import crc32c


def varint(number: int) -> bytes:
    low = bytes([number & 0x7F])
    return low if number < 128 else bytes([number & 0x7F | 0x80]) + varint(number >> 7)


def message(**fields: int | bytes) -> bytes:
    """A protobuf message of fields f1, f2 and so on."""
    parts = []
    for name, value in fields.items():
        number = int(name[1:])
        if isinstance(value, bytes):
            parts.append(varint(number << 3 | 2) + varint(len(value)) + value)
        else:
            parts.append(varint(number << 3) + varint(value))
    return b"".join(parts)


def wal(*records: tuple[int, bytes], crc: int = 0) -> bytes:
    """A segment of (type, data) records with its checksums and paddings, written by hand."""
    frames = []
    for kind, data in ((4, b""), *records):
        crc = crc if kind == 4 else crc32c(data, crc)
        record = message(f1=kind, f2=crc, f3=data)
        padding = -len(record) % 8
        word = len(record) | ((0x80 | padding) << 56 if padding else 0)
        frames.append(word.to_bytes(8, "little") + record + b"\0" * padding)
    return b"".join(frames) + b"\0" * 4096


DUMPED, VOTED = "94411ea0d65d6391", "45e59585b3dca6c7"

DUMP = f"""Snapshot:
term=1 index=2 nodes=[{DUMPED}] confstate={{}}
Start dumping log entries from snapshot.
WAL metadata:
nodeID={DUMPED} clusterID=48a26a22939b41ec term=3 commitIndex=4 vote={VOTED}
WAL entries: 3
lastIndex=5
term\t     index\ttype\tdata
   1\t         3\tconf\tmethod=ConfChangeAddNode id={DUMPED}
   2\t         4\tnorm\tnoop
   3\t         5\tnorm\theader:<ID:1 > put:<key:"k" >

Entry types (Normal,ConfigChange) count is : 3
"""
