"""Input that nobody should send, and somebody will."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from typing import Any

from ...contract.errors import AigcError, InvalidRequest, OutOfMemory, PolicyBlocked
from ...contract.manifest import OptionSpec
from ...contract.requests import MAX_PROMPT_CHARS
from ..subject import Subject
from ..usual import Result
from ..verdict import expect, not_applicable

ODD_PROMPTS = {
    "one letter": "x",
    "emoji only": "🙂🙃👩‍🚀",
    "Chinese": "木桌上的红色陶瓷杯",
    "Arabic": "كوب خزفي أحمر",
    "control characters": "a\x00b\x07c\x1b[31m",
    "one long word": "x" * 2000,
    "spaces only": " \n\t ",
    "markup": "</s><|im_end|>{{ }} %s %n <b>&amp;</b>",
}
HUGE_S = 5.0
"""A request with a huge prompt may be worked on; it is then cancelled after this many seconds."""
WRONG_VALUES: dict[str, tuple[object, ...]] = {
    "int": ("many", 1.5, True, [1]),
    "float": ("much", True, [1.0]),
    "str": (1, True, ["a"]),
    "bool": ("yes", 1, None),
}


class InputChecks:
    """Checks of bad input: a clear error or an artifact, never a crash, and the next request works."""

    def test_wrong_options_are_refused(self, aigc_subject: Subject) -> None:
        """Unknown options, values of a wrong type and values out of bounds are refused before anything runs."""
        accepted = [f"{options}" for options in _wrong_options(aigc_subject) if _accepted(aigc_subject, options)]
        expect(
            not accepted,
            f"accepted: {'; '.join(accepted)}",
            rule="an unknown option is refused and the nearest suggested; values keep to type and bounds",
            change="declare options as OptionSpec with type and bounds, and leave checking them to Manifest",
        )

    def test_odd_prompts_do_no_harm(self, aigc_subject: Subject) -> None:
        """Emoji, other scripts, control characters, a single letter, markup: an artifact, or InvalidRequest."""
        wrong = [
            f"{name}: {result}"
            for name, result in _odd(aigc_subject).items()
            if isinstance(result, AigcError) and not isinstance(result, (InvalidRequest, PolicyBlocked))
        ]
        expect(
            not wrong,
            "; ".join(wrong),
            rule="what the model cannot do is refused with InvalidRequest; nothing in a prompt crashes a plugin",
            change="raise InvalidRequest in preprocess(), saying which characters cannot be used",
        )
        _expect_next_works(aigc_subject, "after odd prompts,")

    def test_a_huge_prompt_does_no_harm(self, aigc_subject: Subject) -> None:
        """A prompt of 1,000,000 characters: an artifact, InvalidRequest or OutOfMemory, or work that can be cancelled.

        It is cancelled after five seconds.
        """
        result = _huge(aigc_subject)
        fine = not isinstance(result, AigcError) or isinstance(result, (InvalidRequest, OutOfMemory, PolicyBlocked))
        expect(
            result is None or fine,
            f"a prompt of 1,000,000 characters: {result}",
            rule="a prompt that does not fit is refused with PromptTooLong",
            change="compare the prompt's length with what the model takes, in preprocess()",
        )
        _expect_next_works(aigc_subject, "after a huge prompt,")

    def test_errors_can_be_pickled(self, aigc_subject: Subject) -> None:
        """Errors that the plugin raises, and error classes of its own, survive pickling: executors send them around."""
        errors = [e for e in (*_odd(aigc_subject).values(), _huge(aigc_subject)) if isinstance(e, AigcError)]
        errors += [_blank(kind) for kind in _own_errors(aigc_subject)]
        if not errors:
            not_applicable("the plugin raised no errors and has no error classes of its own")
        for error in errors:
            trouble = _pickling_trouble(error)
            expect(
                trouble is None,
                f"{type(error).__name__} cannot be pickled: {trouble}",
                rule="errors cross process boundaries",
                change="keep only plain values on an error, and let AigcError.__reduce__ do its work",
            )


def _wrong_options(subject: Subject) -> Iterator[dict[str, Any]]:
    yield {"no_such_option": 1}
    for option in subject.manifest.options:
        for value in WRONG_VALUES[option.type]:
            yield {option.name: value}
        if option.minimum is not None:
            yield {option.name: _as_declared(option, option.minimum - 1)}
        if option.maximum is not None:
            yield {option.name: _as_declared(option, option.maximum + 1)}
        if option.choices:
            yield {option.name: "no such choice"}


def _as_declared(option: OptionSpec, number: float) -> float:
    return int(number) if option.type == "int" else number


def _accepted(subject: Subject, options: dict[str, Any]) -> bool:
    try:
        job = subject.client.submit(subject.request(0, options=options))
    except InvalidRequest:
        return False
    job.cancel()
    return True


def _odd(subject: Subject) -> dict[str, Result | None]:
    """What odd prompts give; each is run once."""
    found: dict[str, Result | None] | None = subject.kept.get("odd")
    if found is None:
        _needs_prompt(subject)
        found = {name: _attempt(subject, prompt) for name, prompt in ODD_PROMPTS.items()}
        subject.kept["odd"] = found
    return found


def _huge(subject: Subject) -> Result | None:
    """What a huge prompt gives; None if it was still worked on after a while and cancelled."""
    if "huge" not in subject.kept:
        _needs_prompt(subject)
        prompt = ("word " * (MAX_PROMPT_CHARS // 5))[:MAX_PROMPT_CHARS]
        subject.kept["huge"] = _attempt(subject, prompt, HUGE_S)
    found: Result | None = subject.kept["huge"]
    return found


def _attempt(subject: Subject, prompt: str, patience_s: float | None = None) -> Result | None:
    try:
        job = subject.client.submit(subject.request(0, prompt=prompt))
    except AigcError as error:
        return error
    try:
        return job.result(patience_s or subject.patience_s)
    except AigcError as error:
        return error
    except TimeoutError:
        job.cancel()
        return None


def _needs_prompt(subject: Subject) -> None:
    _ = subject.usual[0]
    if not subject.request().prompt:
        not_applicable("the suite's requests have no prompt")


def _expect_next_works(subject: Subject, after: str) -> None:
    __tracebackhide__ = True
    rule = "bad input harms nobody but who sent it; the next request works"
    change = "keep nothing of a request on the runner; look at context.cancelled() while working on a long prompt"
    subject.expect_usual(0, subject.run(0), after, rule=rule, change=change)


def _own_errors(subject: Subject) -> Iterator[type[AigcError]]:
    """Error classes that the plugin's package defines."""
    own = {spec.loader.partition(".")[0].partition(":")[0] for spec in subject.manifest.runners}
    left = [AigcError]
    while left:
        kind = left.pop()
        left += kind.__subclasses__()
        if kind.__module__.partition(".")[0] in own - {"aigc_sdk"}:
            yield kind


def _blank(kind: type[AigcError]) -> AigcError:
    """An error of a class whose constructor is not known."""
    error = kind.__new__(kind)
    AigcError.__init__(error, "what happened", plugin="some", fix="what to do")
    return error


def _pickling_trouble(error: AigcError) -> str | None:
    try:
        again = pickle.loads(pickle.dumps(error))  # noqa: S301 - of what was dumped just now
    except Exception as trouble:  # noqa: BLE001 - whatever a stranger's __reduce__ raises
        return f"{type(trouble).__name__}: {trouble}"
    return None if str(again) == str(error) else f"it says {str(again)!r} afterwards, not {str(error)!r}"
