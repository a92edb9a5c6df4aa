"""How well does a model choose functions? Thirty requests, half of which need one of three functions.

    python benchmarks/tools.py [--model smollm2-135m-instruct]

``auto``: it may call a function or answer. ``required``: it has to call one (asked only where one is needed). Answers
are greedy. Whether a call fits its schema is no question: it always does.
"""

from __future__ import annotations

import argparse
import sys

import aigc_sdk as aigc
from aigc_sdk.settings import LedgerSettings, Settings


def text(most: int) -> dict[str, object]:
    return {"type": "string", "maxLength": most}


TOOLS = (
    aigc.Tool(
        name="get_weather",
        description="Get the current weather of a city",
        parameters={"type": "object", "properties": {"city": text(40)}, "required": ["city"]},
    ),
    aigc.Tool(
        name="search_products",
        description="Search the shop's products",
        parameters={"type": "object", "properties": {"query": text(80)}, "required": ["query"]},
    ),
    aigc.Tool(
        name="send_email",
        description="Send an e-mail to somebody",
        parameters={"type": "object", "properties": {"to": text(60), "text": text(200)}, "required": ["to", "text"]},
    ),
)
NEEDED = {
    "get_weather": (
        "What is the weather in Paris?",
        "Is it raining in Tokyo right now?",
        "How warm is it in Cairo today?",
        "Do I need an umbrella in London this morning?",
        "Tell me the temperature in Oslo",
    ),
    "search_products": (
        "Find me a red ceramic mug",
        "Do you sell waterproof hiking boots?",
        "Show me laptops under 800 euros",
        "I am looking for a birthday gift for a child, what do you have in the shop?",
        "Which green teapots are in stock?",
    ),
    "send_email": (
        "Send Anna an e-mail that I will be late",
        "Write to bob@example.com that the order has shipped",
        "E-mail the team that the meeting moved to Friday",
        "Let my boss know by mail that I am ill",
        "Mail the invoice number 42 to accounting@example.com",
    ),
    None: (
        "Hello, how are you?",
        "Name three colours of the sky",
        "What is the capital of France?",
        "Write a poem about the sea",
        "Thank you very much!",
        "Translate 'good morning' to Spanish",
        "What is two plus two?",
        "Explain what a mug is",
        "Who wrote Hamlet?",
        "Give me a synonym for happy",
        "Tell me a joke",
        "Summarize the story of Cinderella",
        "How many days has a week?",
        "What does the word 'crimson' mean?",
        "Write a slogan for a coffee shop",
    ),
}
"""By the function that the requests need."""


def chosen(client: aigc.Client, prompts: list[str], model: str | None, choice: str) -> list[str | None]:
    """The function that each answer calls."""
    fixed = {"model": model, "tools": TOOLS, "tool_choice": choice, "temperature": 0, "max_tokens": 120, "seed": 1}
    made = client.generate_many([aigc.TextRequest(prompt=prompt, **fixed) for prompt in prompts])
    for one in made:
        if isinstance(one, aigc.AigcError):
            raise one
    texts = [one for one in made if isinstance(one, aigc.TextArtifact)]
    return [one.tool_calls[0]["name"] if one.tool_calls else None for one in texts]


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--model", help="an id, a hub id or a folder; the default model if not said")
    model = options.parse_args(sys.argv[1:]).model
    pairs = [(prompt, name) for name, prompts in NEEDED.items() for prompt in prompts]
    calls = [(prompt, name) for prompt, name in pairs if name is not None]
    with aigc.Client(settings=Settings(ledger=LedgerSettings(enabled=False))) as client:
        free = chosen(client, [prompt for prompt, _ in pairs], model, "auto")
        forced = chosen(client, [prompt for prompt, _ in calls], model, "required")
    right = [name == needed for name, (_, needed) in zip(free, pairs, strict=True)]
    needless = sum(name is not None for name in free[len(calls) :])
    called = sum(right[: len(calls)])
    print(f"auto: right {sum(right)} of {len(pairs)}; {called} of {len(calls)} calls, {needless} needless")
    right = [name == needed for name, (_, needed) in zip(forced, calls, strict=True)]
    print(f"required: right {sum(right)} of {len(calls)}")


if __name__ == "__main__":
    main()
