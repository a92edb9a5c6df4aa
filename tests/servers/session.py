"""The servers of one session: each starts when it is first asked for, and all stop together."""

from __future__ import annotations

from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from types import TracebackType

from tests.servers import ghost, mariadb, postgres, prosody, strapi, synapse, wagtail, wordpress


class Servers:
    """Starts servers lazily, with their data and logs in subfolders of ``folder``; leaving the block stops them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._running = ExitStack()

    def __enter__(self) -> Servers:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._running.close()

    @cached_property
    def mariadb(self) -> mariadb.MariaDB:
        return self._running.enter_context(mariadb.running(self.folder / "mariadb"))

    @cached_property
    def wordpress(self) -> wordpress.WordPress:
        return self._running.enter_context(wordpress.running(self.folder / "wordpress", self.mariadb))

    @cached_property
    def ghost(self) -> ghost.Ghost:
        return self._running.enter_context(ghost.running(self.folder / "ghost", self.mariadb))

    @cached_property
    def strapi(self) -> strapi.Strapi:
        return self._running.enter_context(strapi.running(self.folder / "strapi"))

    @cached_property
    def wagtail(self) -> wagtail.Wagtail:
        return self._running.enter_context(wagtail.running(self.folder / "wagtail"))

    @cached_property
    def synapse(self) -> synapse.Synapse:
        return self._running.enter_context(synapse.running(self.folder / "synapse"))

    @cached_property
    def prosody(self) -> prosody.Prosody:
        return self._running.enter_context(prosody.running(self.folder / "prosody"))

    @cached_property
    def postgres(self) -> postgres.Postgres:
        return self._running.enter_context(postgres.running(self.folder / "postgres"))
