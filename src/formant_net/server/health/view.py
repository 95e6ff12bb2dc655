"""The boxes of a server as its metrics show them: what they say, and what the desk wants of them."""

from __future__ import annotations

from formant_net.fleet.document import Document
from formant_net.server.desks.steering import Steering
from formant_net.server.health.metrics import BoxView
from formant_net.server.health.newest import Known, Newest


def boxes(newest: Newest, steering: Steering, now: float) -> list[BoxView]:
    """Every box of this edge, and every box of the document, by id. `now`: s of the hub's clock.

    A box that is at another edge is told of there.
    """
    document = steering.document
    known = {id: box for id, box in newest.boxes.items() if box.own and not steering.at_another_edge(id)}
    missing = {id: Known(id) for id in document.boxes if id not in known and not steering.at_another_edge(id)}
    return [_view(box, newest, steering, document, now) for _, box in sorted({**known, **missing}.items())]


def _view(box: Known, newest: Newest, steering: Steering, document: Document, now: float) -> BoxView:
    wanted = document.boxes.get(box.id)
    zone = document.zones.get(wanted.zone) if wanted is not None else None
    followed = steering.followed(box.id)
    return BoxView(
        id=box.id,
        up=box.conn != 0,
        name=(wanted.name if wanted is not None else "") or box.name,
        zone=zone.name if zone is not None else "",
        seen_ago=max(0.0, now - newest.seen(box)) if box.own else None,
        health=box.health,
        said_ago=max(0.0, now - box.at),
        started=box.started,
        pending=None if followed is None else not followed[0],
        because=None if followed is None else followed[1],
    )
