"""One node as a process: its shell and its HTTP interface until it is asked to stop, or cannot go on."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import signal
from collections.abc import Mapping

from aiohttp import web

from pymodel.errors import UsageError
from trace_check.node.http_api import make_app
from trace_check.node.shell import Shell, ShellConfig
from trace_check.node.transport import Address


def is_loopback(host: str) -> bool:
    """True for a host that only this machine reaches."""
    if host == "localhost":
        return True
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return False


def refuse_open_peers(addresses: Mapping[str, Address], secret: bytes) -> None:
    """Raises: UsageError if peers beyond this machine would be trusted without a secret."""
    outside = [f"{node}={host}" for node, (host, _) in addresses.items() if not is_loopback(host)]
    if outside and not secret:
        raise UsageError(
            f"{', '.join(outside)}: not on the loopback, and peers have no shared secret",
            mend="give --secret-file FILE, the same for all nodes",
        )


def parse_address(text: str) -> tuple[str, Address]:
    """("n1", ("127.0.0.1", 7001)) of "n1=127.0.0.1:7001". Raises: UsageError."""
    name, _, where = text.partition("=")
    host, _, port = where.rpartition(":")
    if not name or not host or not port.isdigit() or not 0 < int(port) < 65536:
        raise UsageError(f"{text!r} is no address of a node", mend="such as n1=127.0.0.1:7001")
    return name, (host.strip("[]"), int(port))


def run(config: ShellConfig, interfaces: Mapping[str, Address]) -> None:
    """Runs the node until SIGINT or SIGTERM. `interfaces`: the HTTP address of each node.

    Raises: UsageError for addresses that cannot be used, StorageError when it can no longer store.
    """
    refuse_open_peers(config.addresses, config.secret)
    name = config.node.name
    if name not in interfaces:
        raise UsageError(f"{name} has no HTTP interface", mend=f"give --http {name}=127.0.0.1:PORT")
    config.data.mkdir(parents=True, exist_ok=True)
    http_of = {node: f"http://{host}:{port}" for node, (host, port) in interfaces.items()}
    try:
        asyncio.run(serve(config, interfaces[name], http_of))
    except OSError as error:
        raise UsageError(f"{name} cannot start: {error}", mend="free the address or the file") from error


async def serve(config: ShellConfig, http: Address, http_of: dict[str, str]) -> None:
    """Runs the node until it is stopped, or cannot store. Raises: StorageError, OSError."""
    shell = Shell(config)
    runner = web.AppRunner(
        make_app(shell, http_of), handle_signals=False, access_log=None, shutdown_timeout=0.2
    )
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    for sign in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(sign, ended.set)
    await shell.start()
    try:
        await runner.setup()
        await web.TCPSite(runner, *http).start()
        waits = [asyncio.create_task(event.wait()) for event in (ended, shell.stopped)]
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()
    finally:
        await shell.stop()
        await runner.cleanup()
    if shell.failure is not None:
        raise shell.failure
