"""`trace-check node`: one node of a replicated key-value store, with fencing, leases and a log to check."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def node_command(
    name: Annotated[str, typer.Option(help="This node, one of --peer.")],
    peer: Annotated[list[str], typer.Option(metavar="NAME=HOST:PORT", help="A node of the cluster, each.")],
    http: Annotated[
        list[str], typer.Option(metavar="NAME=HOST:PORT", help="The HTTP interface of a node, each.")
    ],
    data: Annotated[Path, typer.Option(help="The folder of this node's database.")],
    log: Annotated[Path | None, typer.Option(help="Its log; DATA/node.ndjson if not given.")] = None,
    listen: Annotated[
        str | None, typer.Option(metavar="HOST:PORT", help="Where to listen, if peers reach it elsewhere.")
    ] = None,
    secret_file: Annotated[Path | None, typer.Option(help="The secret that all peers share.")] = None,
    election_timeout_ms: Annotated[float, typer.Option(help="How long a promise lasts.")] = 1000.0,
    heartbeat_ms: Annotated[float, typer.Option(help="Between two heartbeats of a leader.")] = 100.0,
    lease_ms: Annotated[
        float, typer.Option(help="How long an acknowledged request keeps the lease.")
    ] = 800.0,
    clock_drift_max: Annotated[float, typer.Option(help="The largest error of a clock's rate.")] = 0.05,
    prevote: Annotated[bool, typer.Option(help="Ask before a campaign whether it could win.")] = True,
    snapshot_after: Annotated[int, typer.Option(help="Entries applied before a snapshot is taken.")] = 1000,
    clock_error_ms: Annotated[
        float | None, typer.Option(help="By how much two nodes' wall clocks may differ; written in the log.")
    ] = None,
    clock_rate: Annotated[float, typer.Option(help="For tests: the rate of this node's clock.")] = 1.0,
    wall_offset_ms: Annotated[float, typer.Option(help="For tests: the error of its wall clock.")] = 0.0,
    disk_pages: Annotated[int, typer.Option(help="For tests: pages of its disk; 0 for no bound.")] = 0,
    bug: Annotated[str, typer.Option(help="For tests: a hole that is open in this node.")] = "",
) -> None:
    """Run one node until it is stopped. PUT and GET /kv/KEY; GET /status, /transitions, /metrics."""
    from trace_check.node.config import NodeConfig
    from trace_check.node.serve import parse_address, run
    from trace_check.node.shell import ShellConfig

    addresses = dict(parse_address(text) for text in peer)
    interfaces = dict(parse_address(text) for text in http)
    node = NodeConfig(
        name,
        tuple(addresses),
        election_timeout_ms=election_timeout_ms,
        heartbeat_ms=heartbeat_ms,
        lease_ms=lease_ms,
        clock_drift_max=clock_drift_max,
        prevote=prevote,
        snapshot_after=snapshot_after,
        unsafe_lease=bool(bug),
    )
    config = ShellConfig(
        node,
        addresses,
        data,
        log or data / "node.ndjson",
        listen=None if listen is None else parse_address(f"{name}={listen}")[1],
        secret=b"" if secret_file is None else secret_file.read_bytes().strip(),
        bug=bug,
        clock_rate=clock_rate,
        wall_offset_ms=wall_offset_ms,
        pages_max=disk_pages,
        clock_error_ms=clock_error_ms,
    )
    run(config, interfaces)
