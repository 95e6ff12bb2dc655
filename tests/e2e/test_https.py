"""The page over https with a self-made certificate, in a real browser, played to a real synth."""

from __future__ import annotations

from pathlib import Path

from support.browser.chromium import Finger, OpenTab
from support.machine.processes import processes

from formant_net.protocol.join import JoinUrl

LINKED = "formant.links.length === 1 && formant.links[0].state === 'open' && formant.links[0].told"
COUNT_VIOLATIONS = "addEventListener('securitypolicyviolation', (e) => console.error('CSP', e.violatedDirective))"


def test_a_phone_gets_a_secure_context_and_plays_and_the_synth_knows_the_server(
    open_tab: OpenTab, tmp_path: Path
) -> None:
    with processes() as start:
        state = {"FORMANT_STATE_DIR": str(tmp_path)}
        server = start("server", "--port", "0", "--tls", "self-signed", environment=state)
        url = server.wait_for("Join: ").removeprefix("Join: ").split()[0]
        join = JoinUrl.parse(url)
        assert join.ws_url.startswith("wss://")
        synth = start("synth", url, "--audio", "none", "--id", "synth-a")
        synth.wait_for("Ready: waiting for players at wss://")

        tab = open_tab(url, ignore_https_errors=True)
        tab.evaluate(COUNT_VIOLATIONS)
        assert tab.evaluate("isSecureContext && 'wakeLock' in navigator && typeof crypto.randomUUID") == "function"
        tab.until(LINKED)
        tab.fingers(Finger(1, 0.5, 0.5))
        tab.until("formant.fingers.length === 1")
        tab.fingers()
        tab.says("#status-text", "has no sound device")  # --audio none
        assert tab.evaluate("document.getElementById('dim-note').hidden") is True
        assert tab.errors == []
        headers = tab.evaluate("fetch('/').then((r) => Object.fromEntries(r.headers))")
        assert headers["referrer-policy"] == "no-referrer"
        assert "unsafe" not in headers["content-security-policy"].replace("'wasm-unsafe-eval'", "")
        assert (synth.stop(), server.stop()) == (0, 0)


def test_the_policy_stops_what_it_is_there_to_stop(open_tab: OpenTab) -> None:
    """Script in the page, from elsewhere, and connections to anybody else: none of it happens."""
    with processes() as start:
        server = start("server", "--port", "0", "--open", "--advertise", "127.0.0.1")
        tab = open_tab(server.wait_for("Join: ").removeprefix("Join: ").split()[0])
        tab.until("formant.server === 'registered'")
        stopped = tab.evaluate(
            """async () => {
              const stopped = [];
              addEventListener('securitypolicyviolation', (e) => stopped.push(e.effectiveDirective));
              const element = document.createElement('div');
              try { element.innerHTML = '<img src=x onerror="window.hit = 1">'; } catch { stopped.push('innerHTML'); }
              // Later: the debugger that runs this has a leave of its own until it returns for the first time.
              setTimeout(() => { try { eval('window.hit = 2'); } catch { stopped.push('eval'); } });
              const script = document.createElement('script');
              try {
                script.textContent = 'window.hit = 3';
                document.head.append(script);
              } catch { stopped.push('text'); }
              try { new WebSocket('ws://192.0.2.1/ws'); } catch { stopped.push('ws'); }
              await fetch('http://192.0.2.1/').catch(() => stopped.push('fetch'));
              const image = new Image();
              image.src = 'http://192.0.2.1/steal';
              const frame = document.createElement('iframe');
              frame.src = 'https://192.0.2.1/';
              document.body.append(frame);
              const wanted = ['connect-src', 'img-src', 'frame-src', 'innerHTML', 'eval', 'fetch'];
              const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
              while (!wanted.every((each) => stopped.includes(each))) await pause(20);
              await pause(300);
              return [window.hit ?? null, ...new Set(stopped)];
            }"""
        )
        assert stopped[0] is None


def test_an_audience_token_in_the_url_plays_and_is_told_when_it_is_over(open_tab: OpenTab, tmp_path: Path) -> None:
    keys = tmp_path / "keys.json"
    with processes() as start:
        start("token", "key", str(keys)).wait_for("signs with")
        server = start("server", "--port", "0", "--advertise", "127.0.0.1", "--token-keys", str(keys))
        url = server.wait_for("Join: ").removeprefix("Join: ").split()[0]

        def invite(*options: str) -> str:
            line: str = start("token", "make", "--keys", str(keys), "--url", url, *options).wait_for("http://")
            return line

        tab = open_tab(invite())
        tab.until("formant.server === 'registered'")
        tab.goto("about:blank")
        other = open_tab(invite("--for", "synth"))
        other.until("formant.server === 'needs-key'")
        other.says("#gate-title", "your token is for a synth")
