"""Frames between nodes: four bytes of length, then a message; optionally sealed with a shared secret.

A connection begins with the listener's nonce. With a secret, each frame carries an HMAC over nonce, position
and content, so that frames can neither be forged, replayed on another connection, dropped in the middle nor
reordered. What does not fit is a WireError, and its connection is closed. Source: RFC 2104.
"""

from __future__ import annotations

import hashlib
import hmac
import struct

import msgspec

from trace_check.node.messages import Message

FRAME_BYTES_MAX = 8 * 1024 * 1024
NONCE_BYTES = 16
_LENGTH = struct.Struct(">I")
_SEAL_BYTES = hashlib.sha256().digest_size
_encode = msgspec.msgpack.Encoder().encode
_decoder: msgspec.msgpack.Decoder[Message] = msgspec.msgpack.Decoder(Message)


class WireError(Exception):
    """Bytes that are no frame of a peer. It never leaves the transport: the peer is dropped and counted."""


class Seal:
    """Signs or checks the frames of one connection in their order; without a secret, nothing."""

    def __init__(self, secret: bytes, nonce: bytes) -> None:
        self._secret, self._nonce, self._count = secret, nonce, 0

    def _sign(self, body: bytes) -> bytes:
        if not self._secret:
            return b""
        self._count += 1
        return hmac.digest(self._secret, self._nonce + _LENGTH.pack(self._count) + body, "sha256")

    def frame(self, m: Message) -> bytes:
        """The bytes of `m`. Raises: WireError if it is too large to send."""
        body = _encode(m)
        body = self._sign(body) + body
        if len(body) > FRAME_BYTES_MAX:
            raise WireError(f"a message of {len(body)} bytes, more than {FRAME_BYTES_MAX}")
        return _LENGTH.pack(len(body)) + body

    def open(self, body: bytes) -> Message:
        """The message in a frame's content. Raises: WireError."""
        if self._secret:
            given, body = body[:_SEAL_BYTES], body[_SEAL_BYTES:]
            if not hmac.compare_digest(given, self._sign(body)):
                raise WireError("a frame that is not signed with the shared secret")
        try:
            return _decoder.decode(body)
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            raise WireError(f"no message: {error}") from error


def length_of(head: bytes) -> int:
    """The length of a frame's content, from its first four bytes. Raises: WireError for one too long."""
    (length,) = _LENGTH.unpack(head)
    if not 0 < length <= FRAME_BYTES_MAX:
        raise WireError(f"a frame of {length} bytes")
    return int(length)
