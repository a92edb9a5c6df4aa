"""The steps of a run. Each leaves files in the run's folder and is passed over where they are there already."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from ..contract.errors import Cancelled
from . import captioned, sources
from .captions import Captioner, Captions, Fixed
from .concepts import Choice, Concept, choose
from .files import replacing_folder
from .latents import Latents, prepare, prepare_captioned
from .loop import Stage
from .pictures import Pictures, clean
from .recipe import Folder, HuggingFace, Sets
from .run import Run, read_json, write_json

if TYPE_CHECKING:
    import torch
    from diffusers import AutoencoderKL, StableDiffusionPipeline


class Step(ABC):
    """One step of a run.

    Attributes:
        name: for people. makes: the last file or folder that it writes.
    """

    name: ClassVar[str]
    makes: ClassVar[str]

    def done(self, run: Run) -> bool:
        """True if what it makes is there."""
        return run.path(self.makes).exists()

    @abstractmethod
    def run(self, run: Run) -> None:
        """Makes it. Raises Cancelled if the run was stopped."""


class Collect(Step):
    """Fetches the data, or finds it, and notes its digests and licences."""

    name, makes = "collect", "data.json"

    def done(self, run: Run) -> bool:
        # Until it has been cleaned, the data is looked for again: it lies in places that a run does not own.
        return super().done(run) and Clean().done(run)

    def run(self, run: Run) -> None:
        data = run.recipe.data
        if isinstance(data, Sets):
            for each in (*data.sets, data.annotations):
                sources.fetch(each, offline=run.offline, note=run.note)
            rows = [each.model_dump(mode="json", exclude={"size"}) for each in (*data.sets, data.annotations)]
        else:
            folder = pictures_folder(run)
            found, _ = captioned.read(folder)
            where = str(data.path) if isinstance(data, Folder) else f"hf:{data.repository}@{data.revision or 'main'}"
            digest = sources.digest_of(folder, captioned.files_of(folder, found))
            row = {"source": where, "sha256": digest, "licence": data.licence, "attribution": data.attribution}
            rows = [{**row, "pictures": len(found)}]
        write_json(run.path(self.makes), rows)


def pictures_folder(run: Run) -> Path:
    """The folder of captioned pictures; those of the hub are fetched into the run's own."""
    data = run.recipe.data
    if isinstance(data, HuggingFace):
        return sources.download(data, run.path("collected"), offline=run.offline, note=run.note)
    assert isinstance(data, Folder)
    return data.path.expanduser().absolute()


class Clean(Step):
    """Opens all pictures, makes them one size on white, drops doubles, and says which could not be used."""

    name, makes = "clean", "captions.json"

    def done(self, run: Run) -> bool:
        return super().done(run) and run.path("pictures.npz").exists()

    def run(self, run: Run) -> None:
        data, side = run.recipe.data, run.recipe.model.side
        if isinstance(data, Sets):
            roots = {each.style: sources.place_of(each) for each in data.sets}
            pictures, left_out = clean(roots, side)
            kept: dict[str, Any] = {"concepts": [each.model_dump() for each in _concepts(data, pictures)]}
        else:
            pictures, captions, left_out = captioned.clean_captioned(pictures_folder(run), side)
            kept = {"captions": captions}
        run.note(f"{len(pictures)} pictures" + (f", {len(left_out)} left out (left_out.txt)" if left_out else ""))
        run.path("left_out.txt").write_text("".join(f"{line}\n" for line in left_out), encoding="utf-8")
        pictures.save(run.path("pictures.npz"))
        write_json(run.path(self.makes), kept)


def _concepts(data: Sets, pictures: Pictures) -> list[Concept]:
    import yaml

    choice = Choice.default()
    if data.concepts is not None:
        choice = Choice(**yaml.safe_load(data.concepts.expanduser().read_text(encoding="utf-8")))
    in_all = set.intersection(*(set(pictures.keys[pictures.styles == each.style].tolist()) for each in data.sets))
    return choose(sources.place_of(data.annotations), in_all, choice)


def captions_of(run: Run) -> Captions:
    """Where the run's captions come from."""
    kept = read_json(run.path("captions.json"))
    if "concepts" in kept:
        return Captioner([Concept(**each) for each in kept["concepts"]])
    return Fixed(list(dict.fromkeys(tuple(texts) for texts in kept["captions"].values())))


def latents_of(run: Run) -> Latents:
    """The run's latents."""
    return Latents.load(run.path("latents.pt"), captions_of(run))


def vae_of(run: Run, name: str = "vae") -> AutoencoderKL:
    """The run's autoencoder, ready to encode on the plan's device."""
    from diffusers import AutoencoderKL

    return AutoencoderKL.from_pretrained(run.path(name)).eval().to(run.plan.device)


class Autoencoder(Step):
    """Learns to squeeze pictures into latents and back."""

    name, makes = "train the autoencoder", "vae_raw"

    def run(self, run: Run) -> None:
        import torch

        from .autoencoder import AutoencoderStage, build

        model, settings = run.recipe.model, run.recipe.autoencoder
        pictures = Pictures.load(run.path("pictures.npz"))
        torch.manual_seed(run.recipe.seed)
        vae = build(model.autoencoder_widths, model.latent_channels)
        stage = AutoencoderStage(vae, pictures, settings.batch, run.recipe.seed)
        learn(run, stage)
        with replacing_folder(run.path(self.makes)) as folder:
            stage.vae.save_pretrained(folder)


class Augment(Step):
    """Recolours the pictures and turns all into latents of mean 0 and deviation 1."""

    name, makes = "augment", "latents.pt"

    def run(self, run: Run) -> None:
        from .autoencoder import finish

        pictures = Pictures.load(run.path("pictures.npz"))
        vae = vae_of(run, "vae_raw")
        finish(vae, pictures)
        with replacing_folder(run.path("vae")) as folder:
            vae.save_pretrained(folder)
        captions = captions_of(run)
        if isinstance(captions, Captioner):
            latents = prepare(pictures, captions.concepts, vae)
            run.note(f"{latents.originals} pictures of {len(captions.concepts)} concepts")
            run.note(f"{len(latents.values) - latents.originals} recoloured variants")
        else:
            kept = read_json(run.path("captions.json"))["captions"]
            latents = prepare_captioned(pictures, {name: tuple(texts) for name, texts in kept.items()}, vae)
        latents.save(run.path(self.makes))


class Generator(Step):
    """Learns to draw latents from text: the text encoder first, then both, then the decoder on what they draw."""

    name, makes = "train the generator", "pipeline"

    def run(self, run: Run) -> None:
        pipeline = self.learned(run)
        with replacing_folder(run.path(self.makes)) as folder:
            pipeline.save_pretrained(folder)

    def learned(self, run: Run) -> StableDiffusionPipeline:
        """The trained pipeline."""
        import torch

        from .diffusion import DecoderStage, DiffusionStage, TextStage, text_encoder, unet
        from .export import assemble
        from .tokenizer import build

        recipe, model = run.recipe, run.recipe.model
        vae, latents = vae_of(run), latents_of(run)
        tokenizer = build(latents.captioner.words(), model.text_tokens)

        def tokens(texts: list[str]) -> torch.Tensor:
            padded = {"padding": "max_length", "truncation": True, "max_length": model.text_tokens}
            ids: torch.Tensor = tokenizer(texts, return_tensors="pt", **padded).input_ids
            return ids

        special = {name: getattr(tokenizer, f"{name}_token_id") for name in ("pad", "bos", "eos")}
        torch.manual_seed(recipe.seed + 1)
        encoder = text_encoder(len(tokenizer), model.text_width, model.text_layers, model.text_tokens, special)
        torch.manual_seed(recipe.seed + 2)
        denoiser = unet(model.unet_widths, model.text_width, model.latent_channels, model.latent_side)
        learn(run, TextStage(denoiser, encoder, latents, tokens, recipe.text.batch, recipe.seed))
        prompts = sheet_prompts(run, latents)

        def draw(denoiser: Any, encoder: Any) -> torch.Tensor:
            return drawn(assemble(vae, denoiser, encoder, tokenizer), prompts)

        batch = recipe.diffusion.batch
        learn(run, DiffusionStage(denoiser, encoder, latents, tokens, draw, batch, recipe.seed))
        learn(run, DecoderStage(vae, denoiser, encoder, latents, tokens, recipe.decoder.batch, recipe.seed))
        return assemble(vae, denoiser, encoder, tokenizer)


def learn(run: Run, stage: Stage) -> None:
    """Trains a stage to its end. Raises Cancelled if it was stopped."""
    if not run.loop().run(stage, run.recipe.stage(stage.name)):
        raise Cancelled(f"stopped in {stage.name}, after a checkpoint", fix="the same command goes on from there")


def sheet_prompts(run: Run, latents: Latents) -> list[str]:
    """What the sample sheets show."""
    if run.recipe.data.prompts:
        return list(run.recipe.data.prompts)
    examples = latents.captioner.examples(sorted(set(latents.style)))
    return [example.prompt for example in spread(examples, 48)]


def spread(items: list[Any], count: int) -> list[Any]:
    """At most ``count`` of the items, evenly spaced."""
    if len(items) <= count:
        return list(items)
    return [items[place * len(items) // count] for place in range(count)]


def drawn(
    pipeline: StableDiffusionPipeline, prompts: list[str], steps: int = 12, guidance: float = 2.0, batch: int = 16
) -> torch.Tensor:
    """A picture of each prompt, (n, 3, side, side) from -1 to 1, on the CPU; its seed is its position."""
    import torch

    from .export import sample

    parts = [
        sample(pipeline, prompts[first : first + batch], first, steps, guidance).cpu()
        for first in range(0, len(prompts), batch)
    ]
    return torch.cat(parts)
