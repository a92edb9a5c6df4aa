"""Loads the chain and runs it. Imported when its model is first used."""

import hashlib
import random
from importlib.resources import files as package_files

from aigc_sdk import BaseRunner, Completed, Delta, InvalidRequest, SchemaUnsatisfiable, TextArtifact

from .chain import ENDS, Chain


class MarkovRunner(BaseRunner):
    """Writes one word per step and item; all items of a batch advance together."""

    def __init__(self, text):
        self._chain = Chain(text)
        self.weights = {"corpus.txt": hashlib.sha256(text.encode()).hexdigest()}

    def preprocess(self, request):
        if request.json_schema is not None or request.regex is not None:
            raise SchemaUnsatisfiable("a Markov chain cannot keep to a schema or pattern", fix="another model")
        if isinstance(request.max_chars, dict):
            raise InvalidRequest("max_chars by field needs a model that writes JSON")
        return (request.prompt or request.messages[-1].content).split()

    def batch_key(self, request):
        return request.task  # every item is at its own word, so all of them go together

    def run(self, items, context):
        live = {item.index: Writing(item, self._chain) for item in items}
        while live:
            for index, writing in list(live.items()):
                if context.cancelled(index):
                    del live[index]
                elif writing.finish_reason:
                    del live[index]
                    yield index, writing.completed()
                elif piece := writing.step():
                    yield index, Delta(piece)
            live |= {i.index: Writing(i, self._chain) for i in context.admit(context.plan.max_batch - len(live))}

    def close(self):
        self._chain = None


class Writing:
    """One text in the making. All that it needs is here, so that a run can be cut off and started over."""

    def __init__(self, item, chain):
        self.finish_reason = None
        self._request = item.request
        self._prompt = item.inputs
        self._chain = chain
        self._draw = random.Random(item.seed)
        self._words = []
        self._logprobs = []
        self._text = ""
        self._given = 0

    def step(self):
        """Writes a word. Returns the text that nothing can change any more."""
        if len(self._words) >= self._request.max_tokens:
            self.finish_reason = "length"
        elif sum(word.endswith(ENDS) for word in self._words) >= self._request.options["sentences"]:
            self.finish_reason = "stop"
        else:
            self._write()
        # A stop string may have begun in what is written already, so as much as one less its last letter is held back.
        held = 0 if self.finish_reason else max(map(len, self._request.stop), default=1) - 1
        piece = self._text[self._given : max(self._given, len(self._text) - held)]
        self._given += len(piece)
        return piece

    def _write(self):
        before, request = [*self._prompt, *self._words], self._request
        word, logprob = self._chain.next(before, request.options["order"], self._draw, request.temperature)
        text = f"{self._text} {word}" if self._words else word
        if request.max_chars is not None and len(text) > request.max_chars:
            self.finish_reason = "length"
            return
        if ends := [place for stop in request.stop if (place := text.find(stop)) >= 0]:
            self.finish_reason = "stop"
            text = text[: min(ends)]
        self._text = text
        self._words.append(word)
        self._logprobs.append(logprob)

    def completed(self):
        mean = sum(self._logprobs) / len(self._logprobs) if self._logprobs and self._request.logprobs else None
        units = {"input_tokens": len(self._prompt), "output_tokens": len(self._words)}
        return Completed(TextArtifact(text=self._text, finish_reason=self.finish_reason, logprob=mean), units)


def load(card, plan, files):
    """The text ships in the package, so there are no files to ask for."""
    return MarkovRunner(package_files(__package__).joinpath("corpus.txt").read_text("utf-8"))
