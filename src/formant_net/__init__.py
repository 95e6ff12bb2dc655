"""The network of Formant: discovery, signaling and peer-to-peer touch.

Pure cores live beside this file: they take a message and the time and hand back what to send, and never touch a
socket or a clock. `formant_net.aio` is the asyncio shell round them, `formant_net.cli` the command `formant-node`.

Out of scope: the sound (formant_dsp), audio over the network, accounts, and media servers.
"""
