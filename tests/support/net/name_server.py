"""A name server for tests: `python -m support.net.name_server ADDRESS FILE`, in tests/.

FILE is JSON, read anew for each question: name and kind, such as `formant.church.example. A` -> texts of records.
"""

from __future__ import annotations

import json
import socket
import sys
from pathlib import Path

import dns.message
import dns.rcode
import dns.rrset


def answer(asked: bytes, zone: dict[str, list[str]]) -> bytes:
    """The answer to one query, on the wire."""
    query = dns.message.from_wire(asked)
    (question,) = query.question
    name, kind = question.name.to_text(), question.rdtype.name
    said = dns.message.make_response(query)
    if texts := zone.get(f"{name} {kind}"):
        said.answer.append(dns.rrset.from_text(name, 60, "IN", kind, *texts))
    elif not any(each.split()[0] == name for each in zone):
        said.set_rcode(dns.rcode.NXDOMAIN)
    return said.to_wire()


def main() -> None:
    address, file = sys.argv[1:]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as port:
        port.bind((address, 53))
        print("ready", flush=True)
        while True:
            asked, sender = port.recvfrom(4096)
            port.sendto(answer(asked, json.loads(Path(file).read_text("utf-8"))), sender)


if __name__ == "__main__":
    main()
