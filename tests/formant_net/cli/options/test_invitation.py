"""The lines of an invitation: the best address first, further ones, and a word when only this machine can join."""

from __future__ import annotations

from formant_net.cli.options.invitation import lines
from formant_net.lan.invitation import Invitation
from formant_net.protocol.join import JoinUrl

WIRED = JoinUrl.make("192.168.1.20", 8080, "abcd-efgh-jkmn")
VPN = JoinUrl.make("10.8.0.2", 8080, "abcd-efgh-jkmn")


def test_the_url_is_the_first_word_after_its_label() -> None:
    said = lines(Invitation(WIRED, also=((VPN, "VPN"),)), needs_key=True)
    assert said == [f"Join: {WIRED}", f"Also: {VPN}  (VPN)"]


def test_an_open_server_says_so_beside_its_url() -> None:
    assert lines(Invitation(WIRED), needs_key=False) == [f"Join: {WIRED}  (open: no key needed)"]


def test_that_only_this_machine_can_join_is_a_line_with_the_reason() -> None:
    said = lines(Invitation(WIRED, here_only="there is no network"), needs_key=True)
    assert said[1].startswith("Only this machine can reach it: there is no network.")
