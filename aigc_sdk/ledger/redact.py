"""Takes secrets, and if wished personal data, out of text before it is written anywhere.

By patterns: what looks like nothing in particular (a name, a password in prose) is not found.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from typing import Any

PROMPT_FIELDS = frozenset(["prompt", "negative_prompt", "system", "messages"])
"""Fields of a request that hold the user's own words."""

_SECRETS = {
    "private-key": r"""(?x)-----BEGIN\ [A-Z0-9 ]{0,40}PRIVATE\ KEY(?:\ BLOCK)?-----[\s\S]*?
        (?:-----END\ [A-Z0-9 ]{0,40}PRIVATE\ KEY(?:\ BLOCK)?-----|\Z)""",
    # JSON Web Token. What starts inside a word is not looked at: that keeps the search linear.
    "token": r"(?<![\w-])eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*",
    "api-key": r"""(?x)(?<![A-Za-z0-9])(?:
        sk-[A-Za-z0-9_-]{16,}                       # OpenAI, Anthropic, DeepSeek, OpenRouter
        | (?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{10,}  # Stripe
        | hf_[A-Za-z0-9]{20,} | gsk_[A-Za-z0-9]{20,} | r8_[A-Za-z0-9]{20,} | nvapi-[A-Za-z0-9_-]{20,}
        | gh[opsur]_[A-Za-z0-9]{20,} | github_pat_[A-Za-z0-9_]{20,} | glpat-[A-Za-z0-9_-]{16,}
        | xox[abeprs]-[A-Za-z0-9-]{10,} | xapp-[A-Za-z0-9-]{10,}    # Slack
        | (?:AKIA|ASIA)[A-Z0-9]{16} | LTAI[A-Za-z0-9]{12,}          # AWS, Alibaba Cloud
        | AIza[A-Za-z0-9_-]{30,} | ya29\.[A-Za-z0-9_-]{20,} | GOCSPX-[A-Za-z0-9_-]{20,}  # Google
        | EAA[A-Za-z0-9]{30,}                       # Meta
        | shp(?:at|ca|pa|ss)_[A-Fa-f0-9]{20,}       # Shopify
        | SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,} | npm_[A-Za-z0-9]{30,} | pypi-[A-Za-z0-9_-]{40,}
    )""",
    "bearer": r"(?i)\b(?:bearer|basic)[ ]+(?=[a-z]*[^a-z\s])[A-Za-z0-9._~+/=-]{12,}",
    # The password of scheme://user:password@host; the user stays.
    "password": r"(?i)(?<=://)([^\s/:@\"']*):[^\s/@\"']+(?=@)",
    "secret": r"""(?ix)
        (?<![a-z0-9])((?:[a-z0-9]{1,32}[_-]){0,3}(?:api[_-]?key|access[_-]?key(?:[_-]?id)?|secret(?:[_-]?key)?|token
        |password|passwd|pwd|passphrase|amz[_-]signature|authorization|credentials?|密码|口令)
        ["']?\s{0,4}(?:=|:|：)\s{0,4}["']?)([^\s"',;&<>]{6,})""",
}
_PERSONAL = {
    "e-mail": r"[A-Za-z0-9._%+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}",
    "id-number": r"(?<!\w)[1-9]\d{5}(?:18|19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dXx](?!\w)",
    "card-number": r"(?<![\w.])\d(?:[ -]?\d){12,18}(?![\w.])",
    "phone": r"""(?x)(?<![\w.+])(?:
        \+\d{1,3}(?:[ .-]?\(?\d{1,4}\)?){2,6}
        | 1[3-9]\d[ -]?\d{4}[ -]?\d{4}              # Chinese mobile
        | \(?[2-9]\d{2}\)?[ .-]\d{3}[ .-]\d{4}      # North American
    )(?!\w)""",
}
_DONE = re.compile(r"\[[a-z-]+\]")
_SENSITIVE_NAME = re.compile(
    r"(?i)(api_?key|secret|passw|pwd$|(^|_)token$|access_?token|authorization|credential|private_?key)"
)


class Redactor:
    """Replaces what it finds by its kind in brackets, such as ``[api-key]``.

    Args:
        personal: also e-mail addresses, phone, card and Chinese ID numbers. Names and addresses are not found.
    """

    def __init__(self, *, personal: bool = False) -> None:
        # ASCII: a Chinese character beside a number is no part of it.
        kinds = _SECRETS | (_PERSONAL if personal else {})
        self._patterns = [(kind, re.compile(pattern, re.ASCII)) for kind, pattern in kinds.items()]

    def __call__(self, text: str) -> str:
        """The text without what was found. Linear in the length of the text."""
        for kind, pattern in self._patterns:
            text = pattern.sub(partial(_replacement, kind), text)
        return text


def _replacement(kind: str, match: re.Match[str]) -> str:
    found = match[0]
    if kind == "password":
        return f"{match[1]}:[password]"
    if kind == "secret":
        return found if _DONE.fullmatch(match[2]) else f"{match[1]}[secret]"  # "Authorization: [bearer]" is done
    if (kind == "card-number" and not _luhn(found)) or (kind == "id-number" and not _id_checks(found)):
        return found
    return f"[{kind}]"


def _luhn(text: str) -> bool:
    """The check digit of ISO/IEC 7812-1."""
    digits = [int(c) for c in reversed(text) if c.isdigit()]
    return sum(digits[0::2]) % 10 == -sum(sum(divmod(2 * d, 10)) for d in digits[1::2]) % 10


def _id_checks(text: str) -> bool:
    """The check character of GB 11643-1999."""
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return text[17].upper() == "10X98765432"[sum(int(c) * w for c, w in zip(text, weights, strict=False)) % 11]


def without_prompts(receipt: dict[str, Any]) -> dict[str, Any]:
    """A receipt's JSON without the user's own words in ``request`` and ``options``."""
    cleaned = {
        part: {name: value for name, value in receipt[part].items() if name not in PROMPT_FIELDS}
        for part in ("request", "options")
        if isinstance(receipt.get(part), dict)
    }
    return receipt | cleaned


def redact_tree(tree: Any, redact: Callable[[str], str], name: str = "") -> Any:
    """JSON with every string redacted, and the values of fields that are named like a secret."""
    if isinstance(tree, str):
        return "[secret]" if tree and _is_secret(name) else redact(tree)
    if isinstance(tree, Mapping):
        return {key: redact_tree(value, redact, key) for key, value in tree.items()}
    if isinstance(tree, (list, tuple)):
        return [redact_tree(value, redact, name) for value in tree]
    return tree


@lru_cache(maxsize=1024)
def _is_secret(name: str) -> bool:
    return _SENSITIVE_NAME.search(name) is not None
