"""The command line. Each subcommand has a file in one of the rooms here."""

from formant_net.cli.command import SUBCOMMANDS, LazyGroup, main

__all__ = ["SUBCOMMANDS", "LazyGroup", "main"]
