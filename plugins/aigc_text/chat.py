"""Chat templates: the model's own Jinja source, rendered in a sandbox with the helpers that transformers offers."""

from __future__ import annotations

import json
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias

from aigc_sdk.contract.errors import InvalidRequest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jinja2 import Template

PLAIN_TEMPLATE = (
    "{% for m in messages %}{% if m.role == 'system' %}{{ m.content }}\n\n"
    "{% elif m.role == 'user' %}User: {{ m.content }}\n{% else %}Assistant: {{ m.content }}\n{% endif %}"
    "{% endfor %}Assistant:"
)
"""For base models, which have no template of their own."""
PLAIN_STOP = ("\nUser:", "\nAssistant:")
"""What ends an answer under :data:`PLAIN_TEMPLATE`: the model starting the next turn by itself."""

Turns: TypeAlias = "Sequence[dict[str, Any]]"


def render(
    template: str, messages: Turns, special: dict[str, str], tools: Sequence[dict[str, Any]] | None = None
) -> str:
    """The conversation as one text that ends where the answer begins.

    Args:
        template: Jinja source. messages: ``{"role", "content"}``, oldest first. special: named special tokens.
        tools: functions as OpenAI describes them, for templates that know what to do with them.

    Raises:
        InvalidRequest: if the template refuses the conversation or is broken.
    """
    from jinja2 import TemplateError

    try:
        return _render(template, messages, special, tools)
    except TemplateError as error:
        if messages and messages[0]["role"] == "system":  # some templates (Gemma's) refuse a system turn
            return render(template, _fold_system(messages), special, tools)
        raise InvalidRequest(f"the model's chat template refuses this conversation: {error}", plugin="text") from None


def _render(template: str, messages: Turns, special: dict[str, str], tools: Sequence[dict[str, Any]] | None) -> str:
    text = _compiled(template).render(
        messages=messages, add_generation_prompt=True, tools=tools or None, documents=None, **special
    )
    return str(text)


def _fold_system(messages: Turns) -> Turns:
    system, first, *rest = messages
    return [{"role": first["role"], "content": f"{system['content']}\n\n{first['content']}"}, *rest]


@lru_cache(maxsize=32)
def _compiled(source: str) -> Template:
    from jinja2 import ext, nodes
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    class Generation(ext.Extension):
        """``{% generation %}`` marks the answer for training; when answering it changes nothing."""

        tags = {"generation"}

        def parse(self, parser: Any) -> Any:
            line = next(parser.stream).lineno
            body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
            return nodes.Scope(body, lineno=line)

    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[ext.loopcontrols, Generation]
    )
    environment.filters["tojson"] = _tojson
    environment.globals["raise_exception"] = _refuse
    environment.globals["strftime_now"] = lambda pattern: datetime.now().strftime(pattern)
    return environment.from_string(source)


def _tojson(value: Any, ensure_ascii: bool = False, indent: int | None = None, **_: Any) -> str:
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent)


def _refuse(message: str) -> NoReturn:
    from jinja2 import TemplateError

    raise TemplateError(message)
