"""The bot: takes messages, decides what each asks for, and has it answered."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from aigc_sdk import AdapterError, AsyncClient

from ..settings import BotSettings
from .answers import Answers, Knowledge, Turn
from .commands import EXAMPLES, Command, parse
from .language import Languages
from .memory import Memory
from .phrases import phrase
from .pieces import pieces
from .platform import Incoming, Place, Platform
from .rate import Rate
from .turns import Turns

log = logging.getLogger(__name__)


class Bot:
    """Answers on one platform.

    Args:
        client: what generates. It stays open when the bot is closed.
        service: answers in place of free chat.
        clock: seconds, for the limit of each person.
    """

    def __init__(
        self,
        platform: Platform,
        client: AsyncClient,
        settings: BotSettings,
        *,
        service: Knowledge | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._platform = platform
        self._settings = settings
        self._service = service
        self._memory = Memory(settings.memory.turns, settings.memory.chars)
        self._languages = Languages(settings.language)
        self._rate = Rate(settings.rate.per_minute, settings.rate.burst, clock)
        self._turns = Turns(settings.queue)
        self._excused: set[tuple[str, str]] = set()
        self._answers = Answers(platform, client, settings, self._memory, service)

    async def run(self, ready: Callable[[], None] = lambda: None) -> None:
        """Answers until it is cancelled.

        Args:
            ready: called once, when messages are received from now on.

        Raises:
            AdapterError: the platform does not let the bot in.
        """
        try:
            await self._platform.run(self.receive, ready)
        finally:
            await self._turns.close()
            await self._platform.close()

    async def idle(self) -> None:
        """Waits until everything that was received is answered."""
        await self._turns.idle()

    async def receive(self, message: Incoming) -> None:
        """Takes a message. What answers it runs on by itself."""
        if message.unreadable:
            return self._excuse(message)
        command = parse(message.text, self._platform.prefixes)
        if not self._concerned(message, command):
            return
        words = command.words if command else message.text
        language = self._languages.of(message.sender, words, message.language)
        turn = Turn(message, self._place(message), language, words)
        if command and command.name == "cancel" and self._turns.cancel(turn.room, message.sender):
            self._say(turn, phrase("cancelled", language))
        elif self._rate_allows(turn):
            self._take(turn, command)

    def _take(self, turn: Turn, command: Command | None) -> None:
        """Answers now what needs no model, and has the rest answered in its turn."""
        if command and self._at_once(turn, command):
            return
        if refusal := self._refusal(turn):
            self._say(turn, refusal)
        elif self._turns.full(turn.room):
            self._say(turn, self._busy(turn))
        elif command:
            self._turns.add(turn.room, turn.message.sender, lambda: self._answers.make(turn, command.name))
        else:
            self._turns.add(turn.room, turn.message.sender, lambda: self._answers.chat(turn))

    def _concerned(self, message: Incoming, command: Command | None) -> bool:
        """Among several people, only what is meant for the bot is answered; others may have bots with commands, too."""
        if not message.text.strip():
            return False
        if message.direct or message.addressed or self._settings.answer == "all":
            return True
        return command is not None and command.known

    def _excuse(self, message: Incoming) -> None:
        """Says once in a room why the bot does not answer there."""
        excuse = (message.room, message.unreadable)
        meant = message.direct or message.addressed or message.unreadable == "encrypted"
        if meant and excuse not in self._excused:
            self._excused.add(excuse)
            language = self._languages.of(message.sender, "", message.language)
            self._turns.aside(self._send(self._place(message), phrase(message.unreadable, language)))

    def _place(self, message: Incoming) -> Place:
        thread = message.thread
        if not thread and self._settings.threads and not message.direct:
            thread = message.id
        return Place(room=message.room, thread=thread, reply_to=message.id)

    def _at_once(self, turn: Turn, command: Command) -> bool:
        """Does what needs no model. False if the command does."""
        if command.name == "cancel":
            self._say(turn, phrase("nothing", turn.language))
        elif command.name == "forget":
            self._memory.forget(turn.conversation)
            self._say(turn, phrase("forgotten", turn.language))
        elif command.name == "help":
            name = "help" if self._service is None else "help_service"
            self._say(turn, phrase(name, turn.language, prefix=command.prefix))
        elif not command.known:
            self._say(turn, _unknown(command, turn.language))
        elif not command.words:
            example = EXAMPLES[command.name][turn.language]
            values = {"prefix": command.prefix, "command": command.name, "example": example}
            self._say(turn, phrase("empty", turn.language, **values))
        else:
            return False
        return True

    def _refusal(self, turn: Turn) -> str | None:
        limit = self._settings.max_prompt_chars
        if len(turn.words) <= limit:
            return None
        return phrase("too_long", turn.language, length=f"{len(turn.words):,}", limit=f"{limit:,}")

    def _busy(self, turn: Turn) -> str:
        prefix = self._platform.prefixes[0]
        return phrase("busy", turn.language, count=self._turns.waiting(turn.room), prefix=prefix)

    def _rate_allows(self, turn: Turn) -> bool:
        """Says the wait once, and then nothing to those who go on."""
        seconds = self._rate.wait(turn.message.sender)
        if seconds and self._rate.tell(turn.message.sender):
            self._say(turn, phrase("slower", turn.language, seconds=seconds))
        return not seconds

    def _say(self, turn: Turn, text: str) -> None:
        """Says something now, whatever is being made in the room."""
        self._turns.aside(self._send(turn.place, text))

    async def _send(self, place: Place, text: str) -> None:
        try:
            for piece in pieces(text, self._platform.max_chars):
                await self._platform.send(place, piece)
        except AdapterError as error:
            log.warning("%s: not said: %s", self._platform.name, error)


def _unknown(command: Command, language: str) -> str:
    """Says that there is no such command, and what may have been meant."""
    if command.nearest:
        advice = phrase("meant", language, prefix=command.prefix, nearest=command.nearest)
    else:
        advice = phrase("see_help", language, prefix=command.prefix)
    return phrase("unknown", language, prefix=command.prefix, command=command.name, advice=advice)
