"""The main job: a brief in; words, pictures, voice and video out, in one folder."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..contract.errors import InvalidRequest
from ..contract.manifest import ModelCard
from .brief import Brief
from .compose import compose
from .contents import Made
from .copy_brief import in_language
from .copywriting import write_lines
from .creatives import Creatives, creative_files, make_creatives
from .deliver import Delivery, check_targets, deliver
from .events import CampaignEvent, CandidatesDone, SetAside, StepStarted
from .files import campaign_files
from .language import language
from .lines import Candidate, line_request, line_tasks
from .manifest import CampaignManifest, Gap
from .pictures import Pictures, check_files, make_pictures, picture_files
from .pipeline import Folder, Step, run_steps
from .ranking import Line, judge_all
from .settings import CampaignSettings
from .video import Videos, make_videos, video_files
from .voice_over import Voices, speak_all, voice_files

if TYPE_CHECKING:
    from ..engine.client import Client
    from ..publishing import Publisher


@dataclass(frozen=True, slots=True)
class CampaignResult:
    """What a campaign made. ``page`` is the file to look at; ``gaps`` is what could not be made.

    ``deliveries`` is what came of publishing, if the settings ask for it.
    """

    folder: Path
    page: Path
    manifest: CampaignManifest
    deliveries: tuple[Delivery, ...] = ()

    @property
    def gaps(self) -> tuple[Gap, ...]:
        return self.manifest.gaps


def run_campaign(
    brief: Brief,
    out: Path,
    *,
    client: Client,
    settings: CampaignSettings | None = None,
    variants: int | None = None,
    on_event: Callable[[CampaignEvent], None] | None = None,
) -> CampaignResult:
    """Runs the campaign of a brief, or what is left of it to do.

    Args:
        out: the folder; made if it is not there. An earlier run's results in it are used where nothing they depend
            on has changed. Files that no campaign made are never lost.
        settings: how; None takes those of the client. variants: ads per channel, segment and language, 1 to 20; in
            place of the settings'.
        on_event: called as things happen, in the caller's thread.

    Raises:
        InvalidRequest: the folder cannot be used, a file that the brief names cannot be used, a language is not
            supported or not known to the model, or a target of the settings is not set up.
        Cancelled: on Ctrl-C; the same call goes on where it stopped.
        AigcError: the model could not be had, or gave nothing at all.
    """
    settings = settings or CampaignSettings(**client.settings.campaign)
    if variants is not None:
        settings = CampaignSettings(**{**settings.model_dump(), "variants": variants})
    tell = on_event or (lambda event: None)
    for tag in brief.languages:
        language(tag)
    check_files(brief)
    _model_speaks(brief, settings, client)
    with _publisher(settings, client) as publisher, Folder(Path(out)) as folder:
        if publisher:
            check_targets(settings.publish, brief.channels, publisher)
        steps = _steps(client, folder, lambda done, of: tell(CandidatesDone(done, of)))
        values: dict[str, Any] = {"brief": brief, "writing": _writing(settings), "settings": _making(settings)}
        run_steps(steps, values, folder, lambda step, kept: tell(StepStarted(step.name, kept)))
        for path in folder.publish(_contents(values, folder)):
            tell(SetAside(path))
        made = Made(folder.path, values["manifest"])
        deliveries = _deliver(made, settings, publisher, tell) if publisher else ()
        return CampaignResult(made.folder, made.folder / "index.html", made.manifest, deliveries)


def _publisher(settings: CampaignSettings, client: Client) -> AbstractContextManager[Publisher | None]:
    if not settings.publish:
        return nullcontext()
    from ..publishing import Publisher

    return Publisher(settings=client.settings, registry=client.registry, ledger=client.ledger)


def _deliver(
    made: Made, settings: CampaignSettings, publisher: Publisher, tell: Callable[[CampaignEvent], None]
) -> tuple[Delivery, ...]:
    tell(StepStarted("publish", kept=False))
    return tuple(deliver(made, settings.publish, publisher, state=settings.publish_as))


def _contents(values: dict[str, Any], folder: Folder) -> dict[str, bytes]:
    """Every file of the campaign, by path."""
    manifest: CampaignManifest = values["manifest"]
    return {
        **{name: text.encode("utf-8") for name, text in values["files"].items()},
        **picture_files(manifest.pictures, folder),
        **creative_files(manifest.creatives, folder),
        **voice_files(manifest.voice_overs, folder),
        **video_files(manifest.videos, folder),
    }


def _steps(client: Client, folder: Folder, on_candidate: Callable[[int, int], None]) -> tuple[Step, ...]:
    """The pipeline. A step that keeps its parts itself (each text, picture, sound, ...) is not kept as a whole."""

    def write(brief: Brief, writing: CampaignSettings) -> list[Candidate]:
        briefs = [in_language(brief, tag) for tag in brief.languages]
        return write_lines(briefs, writing, client, folder, on_candidate)

    def speak(written: CampaignManifest, settings: CampaignSettings) -> Voices:
        return speak_all(written, settings, client, folder) if settings.voice_over else Voices()

    def pictures(brief: Brief, settings: CampaignSettings) -> Pictures:
        return make_pictures(brief, settings, client, folder)

    def creatives(brief: Brief, written: CampaignManifest, pictures: Pictures, settings: CampaignSettings) -> Creatives:
        return make_creatives(brief, written, pictures, pull, folder) if settings.creatives else Creatives()

    def videos(
        brief: Brief, written: CampaignManifest, pictures: Pictures, voices: Voices, settings: CampaignSettings
    ) -> Videos:
        if not settings.videos:
            return Videos()
        return make_videos(brief, written, pictures, voices, settings, client, pull, folder)

    def pull(card: ModelCard) -> Path:
        return client.store.files(card).folder()

    return (
        Step("write", ("brief", "writing"), "candidates", list[Candidate], write, keeps=False),
        Step("check", ("brief", "candidates"), "lines", list[Line], _check),
        Step("compose", ("brief", "settings", "lines"), "written", CampaignManifest, compose),
        Step("speak", ("written", "settings"), "voices", Voices, speak, keeps=False),
        Step("pictures", ("brief", "settings"), "pictures", Pictures, pictures, keeps=False),
        Step("creatives", ("brief", "written", "pictures", "settings"), "creatives", Creatives, creatives, keeps=False),
        Step("video", ("brief", "written", "pictures", "voices", "settings"), "videos", Videos, videos, keeps=False),
        Step(
            "gather",
            ("written", "voices", "pictures", "creatives", "videos"),
            "manifest",
            CampaignManifest,
            _gather,
            keeps=False,
        ),
        Step("page", ("manifest",), "files", dict[str, str], campaign_files),
    )


def _check(brief: Brief, candidates: list[Candidate]) -> list[Line]:
    briefs = {tag: in_language(brief, tag) for tag in brief.languages}
    return judge_all(candidates, briefs)


def _gather(
    written: CampaignManifest, voices: Voices, pictures: Pictures, creatives: Creatives, videos: Videos
) -> CampaignManifest:
    return written.model_copy(
        update={
            "voice_overs": voices.spoken,
            "pictures": pictures.made,
            "creatives": creatives.made,
            "videos": videos.made,
            "gaps": (*written.gaps, *voices.gaps, *pictures.gaps, *creatives.gaps, *videos.gaps),
        }
    )


def _making(settings: CampaignSettings) -> CampaignSettings:
    """The settings without those that only decide where it goes."""
    return CampaignSettings(**settings.model_dump(exclude={"publish", "publish_as"}))


def _writing(settings: CampaignSettings) -> CampaignSettings:
    """The settings without those that only decide what is done with the candidates."""
    fields = {"candidates", "seed", "model", "temperature", "constrained"}
    return CampaignSettings(**settings.model_dump(include=fields))


def _model_speaks(brief: Brief, settings: CampaignSettings, client: Client) -> None:
    """Refuses a language that the model's card does not list: small models write nonsense in it, fluently."""
    copy = in_language(brief, brief.languages[0])
    entry = client.engine.entry(line_request(line_tasks(copy, settings)[0], 0, copy, settings))
    spoken = entry.card.languages
    for tag in brief.languages:
        if spoken and tag.split("-")[0] not in {other.split("-")[0] for other in spoken}:
            able = ["...", *(e.card.id for e in client.registry.entries() if tag.split("-")[0] in e.card.languages)]
            raise InvalidRequest(
                f"model {entry.card.id!r} was not made for {tag!r}; its languages are {', '.join(spoken)}",
                fix=f"take a model that was: campaign.model={able[-1]}",
            )
