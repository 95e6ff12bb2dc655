"""A simple page that keeps one RTCPeerConnection for a synth for ever links again after that synth was killed."""

from __future__ import annotations

import asyncio
import shutil

from playwright.async_api import Page, Route, async_playwright
from support.machine.processes import processes
from support.suite.patience import PATIENCE_S
from support.suite.require import require

from formant_net.aio.client.rtc import stream_ids
from formant_net.protocol.join import JoinUrl

PAGE = """
(url) => {
  const connections = {};
  window.opened = [];
  const socket = new WebSocket(url);
  const send = (message) => socket.send(JSON.stringify(message));
  socket.onopen = () => send({ type: "register", client_id: "ctrl-kept" });
  socket.onmessage = async ({ data }) => {
    const { type, source, data: content } = JSON.parse(data);
    if (type === "offer") {
      connections[source] ??= new RTCPeerConnection({ iceServers: [] });
      const connection = connections[source];
      connection.onicecandidate = ({ candidate }) => send({ type: "ice-candidate", target: source, data: candidate });
      connection.ondatachannel = ({ channel }) => { channel.onopen = () => window.opened.push(channel.label); };
      try {
        await connection.setRemoteDescription(content);
        await connection.setLocalDescription(await connection.createAnswer());
        send({ type: "answer", target: source, data: connection.localDescription });
      } catch (error) {
        window.opened.push(String(error));
      }
    }
    if (type === "ice-candidate" && content) connections[source]?.addIceCandidate(content);
  };
}
"""


async def opens(page: Page) -> None:
    """Until both channels are open. On a busy machine a first try may have come to nothing: then they open twice."""
    async with asyncio.timeout(PATIENCE_S):
        while not {"commands", "params"} <= set(opened := await page.evaluate("window.opened")):
            await asyncio.sleep(0.1)
    assert set(opened) == {"commands", "params"}, "or what the browser did not accept"


def test_a_page_that_keeps_its_connection_links_again_after_the_synth_was_killed() -> None:
    require("chromium")

    async def main() -> None:
        with processes() as start:
            server = start("server", "--port", "0", "--open")
            join = JoinUrl.parse(server.wait_for("Join: ").removeprefix("Join: ").split()[0])
            synth = start("synth", str(join), "--audio", "none", "--id", "synth-a")
            synth.wait_for("Ready: ")
            async with async_playwright() as playwright:
                browser = await playwright.chromium.launch(
                    executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
                )
                page = await browser.new_page()

                async def without(route: Route) -> None:
                    await route.abort()

                await page.route("**/*.js", without)  # the place of a page, without ours in it
                await page.goto(join.http_url)
                await page.evaluate(PAGE, join.ws_url)
                await opens(page)
                synth.kill()
                await page.evaluate("window.opened = []")
                again = start("synth", str(join), "--audio", "none", "--id", "synth-a")
                again.wait_for("Ready: ")
                await opens(page)
                await browser.close()

    asyncio.run(main())


def test_links_in_a_row_have_streams_of_their_own() -> None:
    ids = [stream for number in range(12345, 12345 + 250) for stream in stream_ids(number)]
    assert len(set(ids)) == 500
    assert all(stream % 2 == 1 and stream < 1024 for stream in ids)
