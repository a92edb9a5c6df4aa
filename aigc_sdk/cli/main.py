"""``aigc``: the table of commands."""

from __future__ import annotations

import sys

import click

from .._version import __version__
from .lazy import Entry, LazyGroup

COMMANDS = (
    Entry("text", "text:text", "Write text: an answer, a structured document, a translation", "Make"),
    Entry("chat", "chat:chat", "Talk with a model", "Make"),
    Entry("image", "image:image", "Make a picture from a text, or a new one from a picture", "Make"),
    Entry("upscale", "upscale:upscale", "Make a picture larger, with its edges sharp", "Make"),
    Entry("speech", "speech:speech", "Speak a text into a sound file", "Make"),
    Entry("transcribe", "transcribe:transcribe", "Write down what is said in a recording", "Make"),
    Entry("video", "video:video", "Make a clip from words, or from a picture", "Make"),
    Entry("interpolate", "interpolate:interpolate", "Make a clip smoother: frames between its frames", "Make"),
    Entry("campaign", "campaign:campaign", "Run the main job: a brief in, content out", "Make"),
    Entry("train", "train:train", "Train a model of your own pictures", "Make"),
    Entry("replay", "replay:replay", "Make an artifact again from its receipt, and compare", "Make"),
    Entry("publish", "publish:publish", "Publish a campaign to a CMS or a chat", "Share"),
    Entry("ads", "ads:ads", "Put a campaign's ads into an ad account, paused", "Share"),
    Entry("publications", "publications:publications", "Show what was published; take it back", "Share"),
    Entry("adapters", "adapters:adapters", "List where content can be published, and check it", "Share"),
    Entry("serve", "serve:serve", "Serve the models over HTTP, as OpenAI's API", "Share"),
    Entry("batch", "batch:batch", "Answer the requests of a file", "Share"),
    Entry("ui", "ui:ui", "Try the models in the browser", "Share"),
    Entry("mcp", "mcp:mcp", "Let agents generate and publish, over MCP", "Share"),
    Entry("bot", "bot:bot", "Run a bot on a chat platform", "Share"),
    Entry("models", "models:models", "List the models of the installed plugins", "Look"),
    Entry("plan", "plan:plan", "Show how a model would run here, and why", "Look"),
    Entry("evaluate", "evaluate:evaluate", "Measure what models make", "Look"),
    Entry("log", "log:log", "Show what was made, by what, at what cost", "Look"),
    Entry("plugins", "plugins:plugins", "List, check, switch off and on", "Manage"),
    Entry("store", "store:store", "Fetch, check and remove model files", "Manage"),
    Entry("config", "config:config", "Show the settings as they are in force", "Manage"),
    Entry("completion", "completion:completion", "Print the shell's completion script", "Manage"),
)


@click.group(
    cls=LazyGroup,
    commands_table=COMMANDS,
    package="aigc_sdk.cli",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, message="aigc-sdk %(version)s")
def cli() -> None:
    """Text, pictures, speech and video from one contract, on the hardware that is there.

    AIGC_HOME moves the store, the ledger and the settings; AIGC_OFFLINE=1 opens no socket; AIGC_DEBUG=1 shows
    tracebacks.
    """


def main() -> None:
    """The entry point of the ``aigc`` script."""
    for stream in (sys.stdout, sys.stderr):
        # A terminal that cannot show a character shows "?", and the command goes on.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    cli(prog_name="aigc")
