"""Priority for places that are scarce: rights first, then equal shares.

A server tells of each controller whether it is a guest, and its group. A person with many ids or many addresses is
still in one group, and gets no more than one share of the places that others want as well. Nobody gives way to a
client with lesser rights.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Standing:
    """The rights of a client and the group it is counted in, as its server tells them.

    guest    it may play, but not change what everybody hears
    group    opaque, `CREDENTIAL.ADDRESS`: clients with the same first part came in by the same key or token, those with
             the same text from the same address as well. "" where a server says nothing
    """

    guest: bool = False
    group: str = ""

    @property
    def credential(self) -> str:
        """The first part of the group."""
        return self.group.partition(".")[0]


FULL = Standing()
"""Not a guest, and in no known group."""
PHONE = "synth-web-"
"""How the id of a browser that sings begins. A hall may have hundreds of them beside a few boxes. So they are counted
apart, and at a controller that has all the synths it can play, a phone gives its place to a box."""


def is_phone(client_id: str) -> bool:
    """Whether this is the id of a browser that sings."""
    return client_id.startswith(PHONE)


_Members = dict[Key, None]


class Shares(Generic[Key]):
    """The holders of scarce places. Adding and removing cost a few dict accesses."""

    def __init__(self) -> None:
        self._standing: dict[Key, Standing] = {}
        # By guest or not, then by credential, then by group; members in the order in which they came.
        self._members: dict[bool, dict[str, dict[str, _Members[Key]]]] = {False: {}, True: {}}
        self._sizes: dict[bool, dict[str, int]] = {False: {}, True: {}}

    def __len__(self) -> int:
        return len(self._standing)

    def __contains__(self, key: object) -> bool:
        return key in self._standing

    def guests(self) -> int:
        """How many of them are guests."""
        return sum(self._sizes[True].values())

    def held(self, standing: Standing) -> tuple[int, int]:
        """How many places this credential holds, and how many this group."""
        groups = self._members[standing.guest].get(standing.credential, {})
        return self._sizes[standing.guest].get(standing.credential, 0), len(groups.get(standing.group, ()))

    def members(self, standing: Standing) -> list[Key]:
        """Who of this group holds a place, the oldest first."""
        return list(self._members[standing.guest].get(standing.credential, {}).get(standing.group, ()))

    def add(self, key: Key, standing: Standing) -> None:
        """It holds a place."""
        self.remove(key)
        self._standing[key] = standing
        credential = standing.credential
        groups = self._members[standing.guest].setdefault(credential, {})
        groups.setdefault(standing.group, {})[key] = None
        sizes = self._sizes[standing.guest]
        sizes[credential] = sizes.get(credential, 0) + 1

    def remove(self, key: Key) -> None:
        """It holds none any more; one that held none is no error."""
        standing = self._standing.pop(key, None)
        if standing is None:
            return
        credential = standing.credential
        creds, sizes = self._members[standing.guest], self._sizes[standing.guest]
        groups = creds[credential]
        del groups[standing.group][key]
        if not groups[standing.group]:
            del groups[standing.group]
        sizes[credential] -= 1
        if not sizes[credential]:
            del creds[credential], sizes[credential]

    def give_way(self, newcomer: Standing) -> list[Key]:
        """The holders of whom one must make room for `newcomer`, the oldest first. Empty if none has to.

        A guest makes room for a client that is no guest. Otherwise the credential makes room that holds at least two
        places more than the newcomer's; within one credential the same rule holds for addresses.
        Costs the number of credentials, or of the addresses of one.
        """
        if not newcomer.guest and self._sizes[True]:
            return self._largest(True)
        sizes = self._sizes[newcomer.guest]
        if not sizes:
            return []
        largest = max(sizes, key=sizes.__getitem__)
        if sizes[largest] > sizes.get(newcomer.credential, 0) + 1:
            return self._largest(newcomer.guest, largest)
        groups = self._members[newcomer.guest].get(newcomer.credential, {})
        crowd = _most(groups)
        return crowd if len(crowd) > len(groups.get(newcomer.group, ())) + 1 else []

    def _largest(self, guest: bool, credential: str | None = None) -> list[Key]:
        """The members of the largest group, of this credential or of the one with most places."""
        sizes = self._sizes[guest]
        groups = self._members[guest][credential if credential is not None else max(sizes, key=sizes.__getitem__)]
        return _most(groups)


def _most(groups: dict[str, _Members[Key]]) -> list[Key]:
    """The members of the largest group."""
    return list(groups[max(groups, key=lambda group: len(groups[group]))]) if groups else []
