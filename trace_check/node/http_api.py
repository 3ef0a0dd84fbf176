"""A node's HTTP interface: writes and reads, its status, its role transition log, metrics.

| Request | Answer |
|---|---|
| PUT /kv/KEY, body: the value | 200 OK, 202 ACCEPTED (?wait=0), 307 or 503 REDIRECT, 503 ERROR, 504 UNKNOWN |
| GET /kv/KEY | 200 with the value, or null; 307 or 503 REDIRECT; 503 ERROR |
| GET /status | role, term, vote, leader, indexes, lease, counts |
| GET /transitions | the role transitions of this incarnation, oldest first |
| GET /metrics | the same as figures for Prometheus |

The header X-Request-Id names a request: repeated under the same name a write is done once.
"""

from __future__ import annotations

import uuid
from typing import Any

from aiohttp import web
from prometheus_client import CollectorRegistry, Gauge, generate_latest

from trace_check.node.effects import ACCEPTED, OK, REDIRECT, UNKNOWN, Answer
from trace_check.node.shell import WAITING_MAX, Shell

BODY_BYTES_MAX = 1024 * 1024
KEY_MAX = 1024


def make_app(shell: Shell, http_of: dict[str, str]) -> web.Application:
    """The application for `shell`; `http_of` has the base address of each node's HTTP interface."""
    routes = _Routes(shell, http_of)
    app = web.Application(client_max_size=BODY_BYTES_MAX)
    app.add_routes(
        [
            web.put("/kv/{key}", routes.put),
            web.get("/kv/{key}", routes.get),
            web.get("/status", routes.status),
            web.get("/transitions", routes.transitions),
            web.get("/metrics", routes.metrics),
        ]
    )
    return app


class _Routes:
    def __init__(self, shell: Shell, http_of: dict[str, str]) -> None:
        self._shell, self._http_of = shell, http_of

    async def put(self, request: web.Request) -> web.Response:
        try:
            value = (await request.read()).decode()
        except UnicodeDecodeError:
            return web.json_response({"status": "ERROR", "error": "the body is no UTF-8"}, status=400)
        wait = request.query.get("wait", "1") != "0"
        name, problem = self._request_id(request)
        if problem is not None:
            return problem
        answer = await self._shell.put(name, request.match_info["key"], value, wait=wait)
        return self._respond(request, answer)

    async def get(self, request: web.Request) -> web.Response:
        name, problem = self._request_id(request)
        if problem is not None:
            return problem
        answer = await self._shell.get(name, request.match_info["key"])
        return self._respond(request, answer)

    def _request_id(self, request: web.Request) -> tuple[str, web.Response | None]:
        """The request's name, one of its own if it has none; and a refusal, if it cannot be taken."""
        name = request.headers.get("X-Request-Id") or uuid.uuid4().hex
        if self._shell.stopped.is_set() or len(self._shell.waiting) >= WAITING_MAX:
            return name, web.json_response({"status": "ERROR", "error": "OVERLOADED"}, status=503)
        if len(name) > KEY_MAX or len(request.match_info["key"]) > KEY_MAX:
            problem = f"a key or request id of more than {KEY_MAX} characters"
            return name, web.json_response({"status": "ERROR", "error": problem}, status=400)
        return name, None

    def _respond(self, request: web.Request, answer: Answer) -> web.Response:
        body = {key: value for key, value in answer._asdict().items() if value not in ("", None)}
        if answer.status == OK:
            return web.json_response({**body, "value": answer.value})
        if answer.status == ACCEPTED:
            return web.json_response(body, status=202)
        if answer.status == UNKNOWN:
            return web.json_response(body, status=504)
        if answer.status == REDIRECT and answer.hint in self._http_of:
            location = self._http_of[answer.hint] + request.path_qs
            return web.json_response(body, status=307, headers={"Location": location})
        return web.json_response(body, status=503)

    async def status(self, _: web.Request) -> web.Response:
        shell, node = self._shell, self._shell.core.node
        return web.json_response(
            {
                "node": node.config.name,
                "incarnation": shell.incarnation,
                "role": node.role,
                "term": node.currentTerm,
                "vote": node.votedFor or None,
                "leader": node.leaderHint or None,
                "commit": node.commitIndex,
                "last": [node.log.LastIndex, node.log.LastTerm],
                "snapshot": node.log.snapshotIndex,
                "lease": self._lease_valid(),
                "answers": shell.answers,
                "transport": shell.transport.counts,
            }
        )

    def _lease_valid(self) -> bool:
        node = self._shell.core.node
        node.now = max(node.now, self._shell.clock_ms())
        return node.guards.LeaseValid(node)

    async def transitions(self, _: web.Request) -> web.Response:
        return web.json_response(list(self._shell.transitions))

    async def metrics(self, _: web.Request) -> web.Response:
        return web.Response(
            body=generate_latest(self._registry()), headers={"Content-Type": "text/plain; version=0.0.4"}
        )

    def _registry(self) -> CollectorRegistry:
        shell, node = self._shell, self._shell.core.node
        registry = CollectorRegistry()
        figures: dict[str, tuple[str, float]] = {
            "raft_term": ("Current term", node.currentTerm),
            "raft_is_leader": ("1 if the node leads", node.role == "leader"),
            "raft_lease_valid": ("1 if its lease is valid", self._lease_valid()),
            "raft_commit_index": ("Commit index", node.commitIndex),
            "raft_last_index": ("Last index of the log", node.log.LastIndex),
            "raft_snapshot_index": ("Last index in the snapshot", node.log.snapshotIndex),
            "raft_role_transitions": ("Role transitions of this incarnation", len(shell.transitions)),
            "raft_waiting_requests": ("Requests that wait for an answer", len(shell.waiting)),
        }
        for name, (text, value) in figures.items():
            Gauge(name, text, registry=registry).set(float(value))
        self._labelled(registry, "raft_answers", "Answers to clients", "status", shell.answers)
        self._labelled(
            registry, "raft_transport", "What came to the transport", "what", shell.transport.counts
        )
        return registry

    @staticmethod
    def _labelled(registry: CollectorRegistry, name: str, text: str, label: str, counts: Any) -> None:
        gauge = Gauge(name, text, [label], registry=registry)
        for key, count in counts.items():
            gauge.labels(key).set(count)
