"""A server with a desk, written from the protocol's table alone: it keeps a document and tells every desk of it."""

from __future__ import annotations

from typing import Any

from page.relay import Relay

SINCE_MS = 1_700_000_000_000.0


class DeskRelay(Relay):
    """Does what desks ask for, as long as it is no conflict. Boxes are what the test says of them."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.rev = 1
        self.parts: dict[str, dict[str, Any]] = {"master": {}}
        self.boxes: dict[str, dict[str, Any]] = {}
        self.solo: list[str] = []
        self.refuse_set: dict[str, Any] | None = None
        """Said once instead of `desk-done`, for what is no fader."""
        self.refuse_set_at = ""
        """A path at which nothing may be set."""
        self.metering: dict[str, bool] = {}
        """Whether a desk wants levels, by its id."""
        self.silent = False
        """Answers no request."""

    def box(self, id: str, name: str, zone: str = "", *, here: bool = True, **fields: Any) -> None:
        """A box that the document has."""
        self.parts[f"boxes/{id}"] = {"zone": zone, **fields}
        self.boxes[id] = {"id": id, "name": name, "here": here, "since": SINCE_MS, "wanted": 1, "applied": 1}

    def zone(self, id: str, name: str, **fields: Any) -> None:
        self.parts[f"zones/{id}"] = {"name": name, **fields}

    async def say(self, id: str, **fields: Any) -> None:
        """A box is another now."""
        self.boxes[id] |= fields
        await self._tell({"type": "desk-box", **self.boxes[id]})

    async def change(self, path: str, set_: dict[str, Any] | None, by: str = "desk-other") -> None:
        """Somebody has changed a part."""
        self.rev += 1
        if set_ is None:
            self.parts.pop(path, None)
        else:
            self.parts[path] = {**self.parts.get(path, {}), **set_}
        await self._tell({"type": "desk-changed", "rev": self.rev, "path": path, "set": self.parts.get(path), "by": by})

    async def health(self, id: str, *, age_s: float = 0.0, **health: Any) -> None:
        await self._tell({"type": "desk-health", "id": id, "age_s": age_s, "health": {"uptime_s": 5.0, **health}})

    async def levels(self, **peak_db: float) -> None:
        """How loud boxes are, to every desk that wants to know. A dash in an id is written as `_`."""
        levels = {id.replace("_", "-"): db for id, db in peak_db.items()}
        for client in self.clients():
            if self.metering.get(client):
                await self.send(client, {"type": "desk-levels", "peak_db": levels})

    async def desk(self, client_id: str, message: dict[str, Any]) -> None:
        kind = message["type"]
        if kind == "desk-open":
            await self.send(client_id, {"type": "desk", "epoch": "e1", "rev": self.rev, "solo": self.solo})
            for path, fields in self.parts.items():
                await self.send(client_id, {"type": "desk-changed", "rev": self.rev, "path": path, "set": fields})
            for box in self.boxes.values():
                await self.send(client_id, {"type": "desk-box", **box})
            return
        if kind == "desk-meters":
            self.metering[client_id] = message["on"]
            return
        if self.silent:
            return
        if kind in ("desk-set", "desk-identify") and self.refuse_set is not None:
            refusal, self.refuse_set = self.refuse_set, None
            await self.send(client_id, {"type": "error", "about": kind, **refusal})
            return
        if kind == "desk-set" and message["path"] == self.refuse_set_at:
            full = {"type": "error", "about": kind, "code": "bad-setting", "message": "there is no room for it"}
            await self.send(client_id, full)
            return
        if kind == "desk-set":
            await self.change(message["path"], message["set"], client_id)
        elif kind == "desk-solo":
            others = [path for path in self.solo if path != message["path"]]
            self.solo = [*others, message["path"]] if message["on"] else others
            await self._tell({"type": "desk-soloed", "solo": self.solo, "by": client_id})
        await self.send(client_id, {"type": "desk-done", "request": message["request"], "rev": self.rev})

    def asked(self, kind: str) -> list[dict[str, Any]]:
        """What desks have asked for, without their ids and numbers."""
        return [
            {key: value for key, value in message.items() if key not in ("source", "request", "type")}
            for message in self.log
            if message["type"] == kind
        ]

    async def _tell(self, message: dict[str, Any]) -> None:
        for client in self.clients():
            if client.startswith("desk-"):
                await self.send(client, message)
