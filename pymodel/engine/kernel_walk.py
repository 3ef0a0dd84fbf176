"""The compiled loop of random walks, pasted behind the model as kernel.py is for the search.

A walk begins in Init. All steps out of its state are generated and checked, and one of those that stay
within the constraints is taken: each of their actions has the same chance, then each step of that action;
or else each step has the same chance. The walk ends after `depth` steps, where no step stays within the
constraints, or at a violation.

Walk k of a seed draws from a sequence of its own, so that it is the same walk whoever runs it and whatever
ran before. The sequence is that of splitmix (Steele, Lea and Flood, "Fast Splittable Pseudorandom Number
Generators", 2014) on 63 instead of 64 bits, since all integers here are signed.
"""

from __future__ import annotations

from typing import Any

# ruff: noqa: F821
# mypy: disable-error-code="name-defined, no-any-return"

Array = Any

ENTRIES = ("walks",)

# == Compiled ==
GAMMA = 0x1E3779B97F4A7C15
LOW63 = 0x7FFFFFFFFFFFFFFF


def mix(z: int) -> int:
    """A bijection on 63-bit numbers that changes about half of the bits."""
    z = ((z ^ (z >> 30)) * 0x3F58476D1CE4E5B9) & LOW63
    z = ((z ^ (z >> 27)) * 0x14D049BB133111EB) & LOW63
    return z ^ (z >> 31)


def note_violations(found: Array, bits: int, first: int, ordinal: int) -> int:
    """Enter the first violating successor of each violated property of a bit set; whether there is one."""
    p = first
    rest = bits
    while rest != 0:
        if rest & 1 and found[2 * p] == 0:
            found[2 * p] = 1
            found[2 * p + 1] = ordinal
        rest = rest >> 1
        p += 1
    return bits != 0


def look(b: Array, n: int, acts: Array, inside: Array, generated: Array, found: Array) -> int:
    """Check the n steps out of the state at S. inside[0] becomes the number of those that stay within the
    constraints, inside[1] and on their ordinals; the result is whether something is violated."""
    inside[0] = 0
    bad = 0
    for ordinal in range(n):
        t = OUT + ordinal * W
        generated[acts[ordinal]] += 1
        bad = note_violations(found, check_step(b, S, t), FIRST_PROPERTY, ordinal) or bad
        bad = note_violations(found, check_state(b, t), 0, ordinal) or bad
        if in_constraint(b, t):
            inside[0] += 1
            inside[inside[0]] = ordinal
    return bad


def group_end(acts: Array, inside: Array, first: int) -> int:
    """The place in `inside` behind the last step of the same action as the one at `first`."""
    last = first + 1
    while last <= inside[0] and acts[inside[last]] == acts[inside[first]]:
        last += 1
    return last


def choose_group(acts: Array, inside: Array, number: int) -> int:
    """The first place in `inside` of the steps of one action; which one, `number` says."""
    groups = 0
    place = 1
    while place <= inside[0]:
        groups += 1
        place = group_end(acts, inside, place)
    skipped = number % groups
    place = 1
    while skipped > 0:
        place = group_end(acts, inside, place)
        skipped -= 1
    return place


def choose(acts: Array, inside: Array, by_action: int, one: int, other: int) -> int:
    """The ordinal of one of the steps in `inside`, which are in the order of actions, by two random
    numbers: each step has the same chance, or each action and then each of its steps."""
    first = 1
    last = inside[0] + 1
    if by_action:
        first = choose_group(acts, inside, one)
        last = group_end(acts, inside, first)
    return inside[first + other % (last - first)]


def keep(b: Array, path: Array, room: int, step: int) -> int:
    """The state at S as row `step` of `path`, if that has so much room."""
    if step < room:
        for k in range(W):
            path[step * W + k] = b[S + k]
    return step


def walk(
    b: Array,
    acts: Array,
    inside: Array,
    generated: Array,
    taken: Array,
    found: Array,
    totals: Array,
    path: Array,
    room: int,
    start: int,
    depth: int,
    by_action: int,
    deadlock: int,
    stop: Array,
) -> int:
    """One walk, drawing from the sequence that begins at `start`; whether it met a violation.

    The rows of its first `room` states go to `path`. totals[1] counts steps, totals[2] is the most steps of
    a walk, totals[3] the walks that ended before `depth`, totals[4] the steps of this walk.
    """
    for k in range(W):
        b[S + k] = INITIAL[k]
    step = keep(b, path, room, 0)
    bad = note_violations(found, check_state(b, S), 0, 0 - 1)
    state = start
    ended = not in_constraint(b, S)
    while step < depth and not bad and not ended and b[0] == 0 and stop[0] == 0:
        n = successors(b, acts)
        bad = look(b, n, acts, inside, generated, found)
        if n == 0 and deadlock:
            bad = note_violations(found, 1, DEADLOCK, 0 - 1)
        ended = inside[0] == 0
        if not bad and not ended and b[0] == 0:
            state = (state + 2 * GAMMA) & LOW63
            chosen = choose(acts, inside, by_action, mix(state), mix((state + GAMMA) & LOW63))
            taken[acts[chosen]] += 1
            for k in range(W):
                b[S + k] = b[OUT + chosen * W + k]
            step = keep(b, path, room, step + 1)
    totals[1] += step
    totals[2] = max(totals[2], step)
    totals[3] += ended and not bad
    totals[4] = step
    return bad


def walks(
    b: Array,
    acts: Array,
    inside: Array,
    generated: Array,
    taken: Array,
    found: Array,
    totals: Array,
    path: Array,
    room: int,
    seed: int,
    first: int,
    last: int,
    depth: int,
    by_action: int,
    deadlock: int,
    stop: Array,
) -> int:
    """Walks first..last-1 of `seed`; returns the one that met a violation, or `last`.

    totals[0] counts the walks that came to their end. `found` holds for each property whether it is
    violated and by which successor (-1: in the state itself). A walk is cut short where stop[0] becomes
    other than 0, or where b[0] becomes the number of a part of the layout that was outgrown.
    """
    number = first
    while number < last:
        start = mix((mix(seed) + number) & LOW63)
        bad = walk(
            b,
            acts,
            inside,
            generated,
            taken,
            found,
            totals,
            path,
            room,
            start,
            depth,
            by_action,
            deadlock,
            stop,
        )
        if b[0] != 0 or (stop[0] != 0 and not bad):
            return last
        totals[0] += 1
        if bad:
            return number
        number += 1
    return last
