"""A small plugin that calls functions: a stand-in for a model, so that tests need none and know what is called."""

from __future__ import annotations

from aigc_sdk import BaseRunner, Client, Completed, Delta, Manifest, ModelCard, RunnerSpec, TextArtifact
from aigc_sdk.settings import LedgerSettings, Settings
from aigc_sdk.testing.echo import echo_registry


class Caller(BaseRunner):
    """Calls the first function if it has to, or if the last message begins with "call"; else it repeats that message.

    What it says it says in two pieces. Results are repeated with the function's name.
    """

    def run(self, items, context):
        for item in items:
            request = item.request
            last = request.messages[-1]
            must = request.tool_choice == "required"
            if request.tools and (must or last.content.startswith("call")):
                yield from self._call(item, request, last)
                continue
            text = f"{last.tool} gave {last.content}" if last.tool else last.content
            yield item.index, Delta(text[:3])
            yield item.index, Delta(text[3:])
            yield item.index, Completed(TextArtifact(text=text), {"output_tokens": 2.0})

    @staticmethod
    def _call(item, request, last):
        said = "I look." if "say" in last.content else ""
        if said:
            yield item.index, Delta(said)
        field = next(iter(request.tools[0].parameters.get("properties", {"nothing": 0})))
        call = {"name": request.tools[0].name, "arguments": {field: last.content} if field != "nothing" else {}}
        reason = "length" if "long" in last.content else "stop"
        yield item.index, Completed(TextArtifact(text=said, tool_calls=(call,), finish_reason=reason))


def load(card, plan, files):
    return Caller()


def calling_client() -> Client:
    """A client that knows the echo plugin and this one, and keeps no ledger."""
    registry = echo_registry()
    registry.add(
        Manifest(
            name="caller",
            version="1.0",
            modality="text",
            tasks=("chat",),
            licence="MIT",
            models=(ModelCard(id="caller", tasks=("chat",), licence="MIT", format="none"),),
            runners=(RunnerSpec(name="only", loader=f"{__name__}:load", formats=("none",), serves=("tools",)),),
        )
    )
    return Client(settings=Settings(ledger=LedgerSettings(enabled=False)), registry=registry)
