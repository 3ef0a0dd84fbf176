"""Ids of nodes replaced by names, in every field of an item that holds one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from trace_check.event import Config, Event, Item, NodeState


def members_named(items: Iterable[Item]) -> dict[str, str]:
    """The names by which the ids in `items` are to be shown.

    A name that two ids bear (a member that was removed and came back) names neither.
    """
    given: dict[str, str] = {}
    for item in items:
        if isinstance(item, Config):
            given.update(item.names)
    shown = {number: given.get(name, name) for number, name in given.items()}
    aliases = {number for number, name in given.items() if name in given}
    bearers: dict[str, set[str]] = {}
    for number, name in shown.items():
        if number not in aliases:
            bearers.setdefault(name, set()).add(number)
    doubled = {name for name, numbers in bearers.items() if len(numbers) > 1}
    return {
        number: given[number] if name in doubled and number in aliases else name
        for number, name in shown.items()
        if name not in doubled or number in aliases
    }


def renamed(item: Item, names: Mapping[str, str]) -> Item:
    """The item under the names; the same item where there is nothing to rename."""
    if not names:
        return item
    if isinstance(item, Config):
        own = None if item.node is None else names.get(item.node, item.node)
        return msgspec.structs.replace(
            item, node=own, nodes=tuple(names.get(node, node) for node in item.nodes)
        )
    return _renamed_event(item, names) if isinstance(item, Event) else item


def _renamed_event(event: Event, names: Mapping[str, str]) -> Event:
    msg = event.msg
    if msg is not None:
        src, dst = names.get(msg.src, msg.src), names.get(msg.dst, msg.dst)
        msg = msgspec.structs.replace(msg, src=src, dst=dst)
    return msgspec.structs.replace(
        event,
        node=names.get(event.node, event.node),
        msg=msg,
        pre=_renamed_state(event.pre, names),
        state=_renamed_state(event.state, names),
    )


def _renamed_state(state: NodeState | None, names: Mapping[str, str]) -> NodeState | None:
    if state is None or state.vote is None or state.vote not in names:
        return state
    return msgspec.structs.replace(state, vote=names[state.vote])
