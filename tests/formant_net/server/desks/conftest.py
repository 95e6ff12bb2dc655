"""Servers that keep a fleet document."""

from __future__ import annotations

import pytest
from support.virtual.clients import RawClients
from support.virtual.steered import KEYS

from formant_net.fleet.document import Document
from formant_net.server.access.join_keys import Access


@pytest.fixture
def hall() -> RawClients:
    """A server that keeps a document."""
    return RawClients(fleet=Document(epoch="e1"))


@pytest.fixture
def guarded() -> RawClients:
    """The same with a key, and tokens for guests."""
    return RawClients(fleet=Document(epoch="e1"), access=Access("abcd-efgh", tokens=KEYS))
