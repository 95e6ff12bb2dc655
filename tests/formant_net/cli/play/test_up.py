"""`formant-node up`: the invitation, and a synth that gets the key where nobody can read it."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from formant_net.cli import main
from formant_net.cli.options.invitation import poster, qr_code
from formant_net.cli.play.up import synth_command, synth_environment
from formant_net.lan.invitation import Invitation
from formant_net.protocol.join import JoinUrl

JOIN = JoinUrl.make("192.168.1.20", 8080, "abcd-efgh-jkmn")


def test_the_invitation_is_the_join_url_in_plain_words() -> None:
    text = poster(Invitation(JOIN), qr=False)
    assert "http://192.168.1.20:8080/#key=abcd-efgh-jkmn\n" in text
    assert "phone" in text
    assert "█" not in text


def test_the_qr_code_is_square_and_fits_a_terminal() -> None:
    lines = qr_code(str(JOIN)).splitlines()
    widths = {len(line) for line in lines}
    assert len(widths) == 1
    assert (width := widths.pop()) <= 60
    assert 2 * len(lines) in (width, width + 1)
    assert qr_code(str(JOIN)) in poster(Invitation(JOIN), qr=True)


def test_further_addresses_stand_below_and_the_code_has_the_first() -> None:
    vpn = JoinUrl.make("10.8.0.2", 8080, "abcd-efgh-jkmn")
    text = poster(Invitation(JOIN, also=((vpn, "VPN wg0"),)), qr=True)
    assert text.index(str(JOIN)) < text.index(f"{vpn}  (VPN wg0)") < text.index(qr_code(str(JOIN)))


def test_what_only_this_machine_can_open_is_no_code_for_phones() -> None:
    here = JoinUrl.make("127.0.0.1", 8080, "abcd")
    text = poster(Invitation(here, here_only="this machine has no network address"), qr=True)
    assert "Only this machine can reach it: this machine has no network address." in text
    assert str(here) in text
    assert "phone" not in text
    assert "█" not in text


def test_the_key_is_in_the_synths_environment_and_not_in_its_command_line() -> None:
    command = synth_command(JOIN, ["--config", "f.toml"], ["--audio", "none"])
    assert command[1:] == [
        *("-m", "formant_net", "--config", "f.toml", "synth", "http://192.168.1.20:8080/", "--audio", "none")
    ]
    assert not any("abcd" in word for word in command)
    assert synth_environment({"HOME": "/"}, "abcd") == {"HOME": "/", "FORMANT_KEY": "abcd"}


def test_the_synth_of_an_open_server_inherits_no_key() -> None:
    own = {"HOME": "/", "FORMANT_KEY": "x", "FORMANT_SYNTH_KEY": "y"}
    assert synth_environment(own, None) == {"HOME": "/"}


@pytest.mark.parametrize("name", ["up", "server"])
def test_help_is_short_and_names_every_option(name: str) -> None:
    result = CliRunner().invoke(main, [name, "--help"])
    assert result.exit_code == 0
    assert len(result.output.splitlines()) <= 66
    for option in ("--host", "--port", "--key", "--open", "--advertise", "--ice-server", "--log-format"):
        assert option in result.output
