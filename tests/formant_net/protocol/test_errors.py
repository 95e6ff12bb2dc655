"""ProtocolError: a code for programs, a sentence for people."""

from __future__ import annotations

from formant_net.protocol.errors import ProtocolError


def test_its_text_names_the_code_the_reason_and_the_message_it_is_about() -> None:
    error = ProtocolError("bad-message", "send what the protocol says", "touch")
    assert str(error) == "bad-message: send what the protocol says (about touch)"
    assert (error.code, error.message, error.about, error.fatal) == (
        *("bad-message", "send what the protocol says", "touch", False),
    )


def test_without_a_type_there_is_nothing_to_name() -> None:
    assert str(ProtocolError("bad-key", "use the join URL", fatal=True)) == "bad-key: use the join URL"
