"""The native log schema, version 1, as a JSON Schema: generated from the types that read it."""

from __future__ import annotations

from typing import Any

import msgspec

from trace_check.adapters.native import NativeLine
from trace_check.adapters.plain import MESSAGE_TYPES
from trace_check.adapters.wire import ROLES
from trace_check.event import KINDS

_NODE = ("node", "nid", "service.instance.id")
_EVENT = ("event", "name", "msg", "@message")


def native_schema() -> dict[str, Any]:
    """The schema of one line: an event of a node, or a declaration of the cluster (`"kind": "config"`).

    Roles and message types are understood in any case and with underscores too; the schema lists the plain
    words. Unknown fields are allowed: a log may say more.
    """
    schema = msgspec.json.schema(NativeLine)
    defs = schema["$defs"]
    line = defs["NativeLine"]["properties"]
    line["v"] = {"const": 1, "description": "version of the schema"}
    line["kind"] = {"description": "config: a declaration of the cluster, and no event"}
    line["event"] = {"enum": sorted(KINDS)}
    for name in ("old_role", "new_role"):
        line[name] = {"enum": [*sorted(ROLES), None]}
    defs["WireState"]["properties"]["role"] = {"enum": [*sorted(ROLES), None]}
    defs["NativeMessage"]["properties"]["type"] = {"enum": sorted(MESSAGE_TYPES)}
    config = {"properties": {"kind": {"const": "config"}}, "required": ["kind"]}
    named = [{"anyOf": [{"required": [key]} for key in keys]} for keys in (_NODE, _EVENT)]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "termfence native log, version 1",
        "description": "One line of a Raft node's log, as JSON Lines.",
        **schema,
        "if": config,
        "else": {"allOf": named},
    }
