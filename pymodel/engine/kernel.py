"""The compiled search loops. What stands below the line COMPILED is pasted into a generated module.

Everything is in the integer Python of machine.py; the names it does not define (W, OUT, successors,
check_state, ...) are those of the generated module, see generate.py. All arrays are flat.

A level is searched in rounds, each in three passes that threads share: `expand` makes successors of rows
and writes those that the table does not know as records; `absorb` enters their keys, each thread those of
its own shards, unless the first thread did so before; `collect` copies what was new to the next level, in
the order of the records. What is found and in which order depends on neither the threads nor the size of a
round.

`b` is the work buffer: b[0] the first error, one state at S, up to BATCH states that are expanded at SOURCE
and up to PENDING successors at OUT, each W words; at SOURCES, HASHES, ORIGINS and PACKED each successor's
state before, hash (0: outside the constraint), origin and key; from WAITING on the numbers of those that may
be unknown. A record is RECORD words: a hash, an origin (the parent's number within its level, the ordinal
among its successors, the action; -1 once it is known to be old), the stored row. A key is K words at KEY_AT
of a record: the hash itself, or the whole row.

`table` has SHARDS shards of `size` slots, one behind the other; a slot is a key, or 0.
`found` holds for each property p its first violation: at 2 * p the parent's number + 1, then the ordinal
(-1: the parent itself).
"""

from __future__ import annotations

from typing import Any

# ruff: noqa: F821
# mypy: disable-error-code="name-defined, no-any-return"

Array = Any

ENTRIES = (
    "start",
    "expand",
    "absorb",
    "collect",
)

# == Compiled ==
SHARD_BITS = 6
SHARDS = 64
ORDINAL_SHIFT = 8
PARENT_SHIFT = 24
DONE = 0
OVERFLOW = 1
FULL = 2
AHEAD = 24  # records looked ahead, so that their slots are at hand in time


def hash_words(words: Array, at: int, count: int, seed: int) -> int:
    """A 64-bit hash, never 0, of the `count` words at `at`."""
    h = folded(seed ^ 0x1E3779B97F4A7C15, 0x5851F42D4C957F2D)
    for pair in range(count // 2):
        h = folded(words[at + 2 * pair] ^ 0x2D358DCCAA6C78A5, words[at + 2 * pair + 1] ^ h)
    if count % 2:
        h = folded(words[at + count - 1] ^ 0x2D358DCCAA6C78A5, 0x4B33A62ED433D4A3 ^ h)
    h = folded(h ^ 0x4D5A2DA51DE1AA47, 0x2545F4914F6CDD1D)
    return 1 if h == 0 else h


def same_words(b: Array, t: int, u: int) -> int:
    """Whether the states at t and u are equal."""
    differing = 0
    for k in range(W):
        differing |= b[t + k] ^ b[u + k]
    return differing == 0


def copy_row(b: Array, at: int, rows: Array, row: int) -> int:
    """The W words of row `row` into the buffer at `at`."""
    for k in range(W):
        b[at + k] = rows[row * W + k]
    return at


def shard_of(h: int) -> int:
    return (h >> 58) & 63


def home_of(h: int, size: int) -> int:
    """The slot at which the search for hash h begins."""
    return shard_of(h) * size + ((((h >> 26) & 0xFFFFFFFF) * size) >> 32)


def find(keys: Array, at: int, h: int, table: Array, size: int) -> int:
    """The slot of the key at `at`, whose hash is h, or else the empty slot where it belongs."""
    slot = home_of(h, size)
    end = shard_of(h) * size + size
    while table[slot * K] != 0:
        same = 1
        for k in range(K):
            if table[slot * K + k] != keys[at + k]:
                same = 0
        if same:
            return slot
        slot += 1
        if slot == end:
            slot -= size
    return slot


def key_hash(keys: Array, at: int, seed: int) -> int:
    return hash_words(keys, at, K, seed) if EXACT else keys[at]


def note(found: Array, bits: int, first: int, parent: int, ordinal: int) -> int:
    """Enter the violated properties of a bit set, each unless an earlier violation is known."""
    p = first
    while bits != 0:
        if bits & 1:
            known = found[2 * p] - 1
            if known < 0 or parent < known or (parent == known and ordinal < found[2 * p + 1]):
                found[2 * p] = parent + 1
                found[2 * p + 1] = ordinal
        bits = bits >> 1
        p += 1
    return p


def keyed(b: Array, t: int, k: int, seed: int) -> int:
    """The hash of the state at t; its key goes to place k of the buffer if it is more than that."""
    v = view(b, t)
    if EXACT:
        pack_row(b, v, b, PACKED + k * ROW)
        return hash_words(b, PACKED + k * ROW, ROW, seed)
    return hash_words(b, v, W, seed)


def write_record(b: Array, k: int, h: int, origin: int, out: Array, at: int) -> int:
    """The record of successor k, whose key was made by `keyed`."""
    out[at] = h
    out[at + 1] = origin
    if EXACT and KEY_AT == 2:
        for word in range(ROW):
            out[at + 2 + word] = b[PACKED + k * ROW + word]
        return at
    pack_row(b, OUT + k * W, out, at + 2)
    if EXACT:
        for word in range(ROW):
            out[at + KEY_AT + word] = b[PACKED + k * ROW + word]
    return at


def start(b: Array, out: Array, found: Array) -> int:
    """The record of the initial state, whose words lie at S; how many were written, 0 or 1."""
    for k in range(W):
        b[OUT + k] = b[S + k]
    bits = check_state(b, OUT)
    note(found, bits, 0, 0, 0 - 1)
    canonicalise(b, OUT)
    if not in_constraint(b, OUT):
        return 0
    write_record(b, 0, keyed(b, OUT, 0, b[SEED]), 0, out, 0)
    return 1


def just_seen(b: Array, h: int) -> int:
    """1 if this buffer's thread met the hash h not long ago, and so looked it up or wrote a record for it,
    else 0; now it has."""
    place = RECENT + (h & (RECENT_SIZE - 1))
    seen = b[place] == h
    b[place] = h
    return seen


def just_written(b: Array, h: int) -> int:
    """1 if this buffer's thread wrote a record for the hash h not long ago, else 0; now it does."""
    place = WRITTEN + (h & (WRITTEN_SIZE - 1))
    written = b[place] == h
    b[place] = h
    return written


def expand_row(
    b: Array,
    s: int,
    acts: Array,
    n: int,
    row: int,
    seed: int,
    table: Array,
    size: int,
    counts: Array,
    found: Array,
) -> int:
    """Make the successors of the state at s, which is number `row` of its level, behind the n that wait
    in the buffer; how many wait then. counts: per action, from ACTIONS on per number of successors.

    Those that may be unknown are numbered from WAITING on. A successor that was just seen has nothing more
    to show, nor has one that equals s or the one before it."""
    m = successors_from(b, s, acts, n)
    counts[ACTIONS + m - n] += 1
    if m == n:
        note(found, 1, DEADLOCK, row, 0 - 1)
    still = check_step(b, s, s)
    for k in range(n, m):
        t = OUT + k * W
        seen = 0
        counts[acts[k]] += 1
        if STEPS and not SYMMETRIC and k > n and same_words(b, t, t - W):
            continue
        if STEPS and same_words(b, t, s):
            note(found, still, FIRST_PROPERTY, row, k - n)
            continue
        bits = check_changed_step(b, s, t, still)
        if bits != 0:
            note(found, bits, FIRST_PROPERTY, row, k - n)
        canonicalise(b, t)
        b[HASHES + k] = 0
        b[SOURCES + k] = s
        b[ORIGINS + k] = (row << PARENT_SHIFT) | ((k - n) << ORDINAL_SHIFT) | acts[k]
        if in_constraint(b, t):
            h = keyed(b, t, k, seed)
            b[HASHES + k] = h
            seen = 0 if EXACT else just_seen(b, h)
            prefetch(table, home_of(h, size) * K & (seen - 1))
        b[WAITING + b[WAITING_COUNT]] = k
        b[WAITING_COUNT] += 1 - seen
    return m


def put(keys: Array, at: int, h: int, table: Array, slot: int, size: int, fill: Array) -> int:
    """Enter the key at `at`, whose hash is h, into an empty slot; 0 if that is the last one of its shard, and
    stays empty, since a search in it, of any thread, ends there."""
    fill[shard_of(h)] += 1
    if fill[shard_of(h)] == size:
        return 0
    for k in range(K):
        table[slot * K + k] = keys[at + k]
    return 1


def write_unknown(
    b: Array,
    table: Array,
    size: int,
    fill: Array,
    alone: int,
    out: Array,
    written: int,
    found: Array,
    totals: Array,
) -> int:
    """Check those that wait in the buffer and are not in the table, and write their records behind the
    first `written`; how many there are then. See expand."""
    for place in range(b[WAITING_COUNT]):
        k = b[WAITING + place]
        h = b[HASHES + k]
        known = 0
        slot = 0
        if h != 0:
            slot = find(b, PACKED + k * ROW if EXACT else HASHES + k, h, table, size)
            known = table[slot * K] != 0
        if not known and not EXACT and not alone and h != 0:
            known = just_written(b, h)
        if not known:
            origin = b[ORIGINS + k]
            bits = check_changed_state(b, b[SOURCES + k], OUT + k * W, 0)
            if bits != 0:
                note(found, bits, 0, origin >> PARENT_SHIFT, (origin >> ORDINAL_SHIFT) & 0xFFFF)
            if h != 0:
                at = write_record(b, k, h, origin, out, written * RECORD)
                written += 1
                if alone and not put(out, at + KEY_AT, h, table, slot, size, fill):
                    totals[1] = FULL
                    return written
    return written


def expand(
    b: Array,
    rows: Array,
    base: int,
    first: int,
    last: int,
    acts: Array,
    table: Array,
    size: int,
    fill: Array,
    alone: int,
    out: Array,
    room: int,
    counts: Array,
    found: Array,
    totals: Array,
) -> int:
    """Write the records of the unknown successors of rows first..last-1, whose numbers in their level are
    from `base` on; returns how many. Stops when another batch might not fit in `room` records. Unknown
    successors and those outside the constraint are checked. What is written is entered at once if no other
    thread uses the table (`alone`), so that `absorb` has nothing left to do.

    totals[0] becomes the next row to expand, totals[1] DONE, FULL or OVERFLOW (b[0] tells which part of the
    layout).
    """
    seed = b[SEED]
    row = first
    written = 0
    totals[1] = DONE
    while row < last and written + PENDING <= room:
        n = 0
        s = SOURCE
        b[WAITING_COUNT] = 0
        while row < last and n < BATCH and s < SOURCE + BATCH * W:
            unpack_row(b, s, rows, row * ROW)
            n = expand_row(b, s, acts, n, base + row, seed, table, size, counts, found)
            s += W
            row += 1
        if b[0] != 0:
            totals[1] = OVERFLOW
            return written
        written = write_unknown(b, table, size, fill, alone, out, written, found, totals)
        if totals[1] == FULL:
            return written
    totals[0] = row
    totals[1] = OVERFLOW if b[0] != 0 else DONE
    return written


def absorb(
    out: Array,
    count: int,
    table: Array,
    size: int,
    part: int,
    parts: int,
    fill: Array,
    totals: Array,
) -> int:
    """Enter those of `count` records into the table whose shard is of this part; strike out the old ones.
    Returns how many were new. fill[shard] counts the keys in it; totals[1] is FULL if one is full."""
    fresh = 0
    for record in range(count):
        at = record * RECORD
        if record + AHEAD < count:
            later = out[at + AHEAD * RECORD]
            prefetch(table, home_of(later, size) * K * (shard_of(later) * parts // SHARDS == part))
        h = out[at]
        if shard_of(h) * parts // SHARDS == part:
            slot = find(out, at + KEY_AT, h, table, size)
            if table[slot * K] != 0:
                out[at + 1] = 0 - 1
            else:
                fresh += 1
                if not put(out, at + KEY_AT, h, table, slot, size, fill):
                    totals[1] = FULL
                    return fresh
    return fresh


def collect(
    out: Array, count: int, rows: Array, origins: Array, keys: Array, with_keys: int, fresh: Array
) -> int:
    """Copy what is left of `count` records, in order: rows, origins, and keys of K words if they are asked
    for. `fresh` counts them per action. Returns how many."""
    n = 0
    for record in range(count):
        at = record * RECORD
        if out[at + 1] >= 0:
            for k in range(ROW):
                rows[n * ROW + k] = out[at + 2 + k]
            if with_keys:
                for k in range(K):
                    keys[n * K + k] = out[at + KEY_AT + k]
            origins[n] = out[at + 1]
            fresh[out[at + 1] & ((1 << ORDINAL_SHIFT) - 1)] += 1
            n += 1
    return n
