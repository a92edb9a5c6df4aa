"""The parts that learn: colours, latents, the autoencoder's helpers, pace, checkpoints and metrics."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch

from aigc_sdk.contract.errors import CorruptModel, InvalidRequest
from aigc_sdk.training import autoencoder, metrics
from aigc_sdk.training.checkpoint import Checkpoint
from aigc_sdk.training.colours import CHINESE, COLOURS, dominant, recoloured
from aigc_sdk.training.concepts import Concept, Names
from aigc_sdk.training.evaluate import nearest, recall
from aigc_sdk.training.latents import Latents, prepare, prepare_captioned
from aigc_sdk.training.loop import Loop, Stage, StageSettings, pace
from aigc_sdk.training.metrics import Metrics
from aigc_sdk.training.pictures import Pictures

from . import shapes


def pixels(name: str, colour: str, side: int = 16) -> np.ndarray:
    return np.asarray(shapes.shape(name, colour, side))


# --- colours ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("colour", "said"),
    [("#d22", "red"), ("#2a2", "green"), ("#25d", "blue"), ("#fc2", "yellow"), ("#842", "brown"), ("#888", None)],
)
def test_the_dominant_colour_has_a_name(colour: str, said: str | None):
    assert dominant(pixels("square", colour)) == said


def test_many_colours_have_no_name():
    mixed = pixels("square", "#d22").copy()
    mixed[:, 6:] = pixels("square", "#25d")[:, 6:]
    mixed[:, 10:] = pixels("square", "#2a2")[:, 10:]
    assert dominant(mixed) is None


def test_recolouring_paints_the_thing_and_leaves_the_ground():
    red = pixels("circle", "#d22")
    variants = dict(recoloured(red))
    assert set(variants) == set(COLOURS) - {"red"}
    ground = (red == 255).all(-1)
    for name, painted in variants.items():
        assert (painted[ground] == 255).all(), name
        assert not np.array_equal(painted, red)
    assert dominant(variants["blue"]) == "blue"
    assert variants["black"][8, 8].max() < 100 < 200 < variants["white"][8, 8].min()


def test_a_grey_thing_is_tinted():
    variants = dict(recoloured(pixels("square", "#888")))
    assert dominant(variants["green"]) == "green"


# --- latents ------------------------------------------------------------------------------------------------------


def concept(key: str, label: str) -> Concept:
    return Concept(key=key, names={"en": Names(label=label), "zh": Names(label=label)})


@pytest.fixture
def pictures() -> Pictures:
    drawn = [("1F34E", "flat", "#d22"), ("1F697", "flat", "#25d"), ("1F34E", "3d", "#d22"), ("1F4A9", "3d", "#842")]
    keys, styles, colours = zip(*drawn, strict=True)
    return Pictures(np.stack([pixels("square", colour) for colour in colours]), np.array(keys), np.array(styles))


@pytest.fixture
def latents(pictures: Pictures) -> Latents:
    torch.manual_seed(0)
    return prepare(pictures, [concept("1F34E", "apple"), concept("1F697", "car")], autoencoder.build((8, 16), 2))


def test_latents_hold_the_concepts_pictures_first_and_then_their_variants(latents: Latents):
    assert latents.originals == 3
    assert list(zip(latents.concept, latents.style, latents.colour, strict=True))[:3] == [
        *((0, "flat", "red"), (1, "flat", "blue"), (0, "3d", "red")),
    ]
    assert len(latents.values) == 3 + 3 * 10
    assert latents.values.shape[1:] == (2, 8, 8)


def test_draws_depend_on_seed_stage_and_step_alone(latents: Latents):
    first, again = (latents.draw(1, "text", 5, 8) for _ in range(2))
    assert torch.equal(first[0], again[0])
    assert first[1] == again[1]
    assert latents.draw(1, "text", 6, 8)[1] != first[1]
    assert latents.draw(1, "diffusion", 5, 8)[1] != first[1]


def test_recoloured_variants_always_say_their_colour(latents: Latents):
    chosen, captions = latents._choose(0, "text", 0, 400)
    said = {place: caption for place, caption in zip(chosen, captions, strict=True) if place >= latents.originals}
    assert 0.15 < sum(place >= latents.originals for place in chosen) / 400 < 0.35
    words = {"grey": ("grey", "gray", "灰")}
    for place, caption in said.items():
        colour = latents.colour[place]
        assert any(word in caption for word in words.get(colour, (colour, CHINESE[colour]))), caption


def test_captioned_pictures_are_taken_as_they_are(pictures: Pictures, tmp_path: Path):
    plain = Pictures(pictures.pixels, np.array(list("abcd")), np.array([""] * 4))
    texts = {"a": ("one",), "b": ("two",), "c": ("one",), "d": ("two", "zwei")}
    made = prepare_captioned(plain, texts, autoencoder.build((8, 16), 2))
    assert (made.originals, made.concept) == (4, [0, 1, 0, 2])
    made.save(tmp_path / "latents.pt")
    kept = Latents.load(tmp_path / "latents.pt", made.captioner)
    assert torch.equal(kept.values, made.values)
    assert kept.draw(0, "text", 0, 9)[1] == made.draw(0, "text", 0, 9)[1]


def test_concepts_without_pictures_are_refused(pictures: Pictures):
    with pytest.raises(InvalidRequest, match="no picture shows"):
        prepare(pictures, [concept("1F9FF", "amulet")], autoencoder.build((8, 16), 2))


# --- autoencoder --------------------------------------------------------------------------------------------------


def test_finished_latents_have_mean_0_and_deviation_1(pictures: Pictures):
    torch.manual_seed(0)
    vae = autoencoder.build((8, 16), 2).eval()
    stacked = torch.from_numpy(pictures.pixels).permute(0, 3, 1, 2)
    with torch.inference_mode():
        before = vae(autoencoder.to_signed(stacked)).sample
    autoencoder.finish(vae, Pictures(pictures.pixels[:1], pictures.keys[:1], pictures.styles[:1]))
    latent = autoencoder.encode(vae, stacked[:1])
    assert latent.mean((0, 2, 3)).abs().max() < 1e-4
    assert (latent.std((0, 2, 3)) - 1).abs().max() < 1e-4
    with torch.inference_mode():
        assert (vae(autoencoder.to_signed(stacked)).sample - before).abs().max() < 1e-4


def test_a_turn_of_hue_keeps_greys_and_comes_back():
    grey = torch.full((1, 3, 2, 2), 0.3)
    assert (autoencoder.turn_hue(grey, torch.tensor([1.0])) - grey).abs().max() < 1e-3
    colour = torch.tensor([0.4, 0.1, 0.2])[None, :, None, None].expand(1, 3, 2, 2)
    assert (autoencoder.turn_hue(colour, torch.tensor([2 * math.pi])) - colour).abs().max() < 1e-5


# --- the loop -----------------------------------------------------------------------------------------------------


class Line(Stage):
    """Learns the slope of a line."""

    name = "line"
    sample_size = 4

    def __init__(self, fails_at: int = -1) -> None:
        torch.manual_seed(0)
        self.model, self.fails_at = torch.nn.Linear(1, 1), fails_at

    def modules(self) -> dict[str, torch.nn.Module]:
        return {"model": self.model}

    def loss(self, step: int, device: torch.device) -> tuple[torch.Tensor, dict[str, float]]:
        if step == self.fails_at:
            raise OSError("the lights went out")
        x = torch.full((4, 1), float(step % 3))
        return (self.model(x) - 2 * x).pow(2).mean(), {}

    def sheet(self, modules: dict[str, torch.nn.Module], device: torch.device) -> None:
        return None


SETTINGS = StageSettings(steps=10, batch=4, learning_rate=0.1, warmup=2, checkpoint_every=4)


def test_the_pace_rises_stays_and_falls():
    made = [
        pace(step, StageSettings(steps=100, batch=1, learning_rate=1, warmup=10, cooldown=0.2)) for step in range(100)
    ]
    assert made[0] == 0.1
    assert set(made[9:80]) == {1.0}
    assert made[80:] == sorted(made[80:], reverse=True)
    assert 0.01 <= made[-1] < 0.1


def test_an_error_leaves_the_last_checkpoint_and_the_run_goes_on_as_if_nothing_had_been(tmp_path: Path):
    whole, broken = Line(), Line(fails_at=6)
    assert Loop(tmp_path / "whole", mixed="no").run(whole, SETTINGS)
    with pytest.raises(OSError, match="lights"):
        Loop(tmp_path / "broken", mixed="no").run(broken, SETTINGS)
    assert [path.name for path in (tmp_path / "broken/checkpoints/line").iterdir()] == ["step-00000004"]
    seen: list[int] = []
    mended = Line()
    assert Loop(tmp_path / "broken", mixed="no", progress=lambda *at: seen.append(at[1])).run(mended, SETTINGS)
    assert seen == [5, 6, 7, 8, 9, 10]
    assert torch.equal(mended.model.weight, whole.model.weight)


def test_stopping_keeps_the_step_it_was_at(tmp_path: Path):
    seen: list[int] = []
    loop = Loop(tmp_path, mixed="no", progress=lambda *at: seen.append(at[1]), stopped=lambda: len(seen) == 3)
    assert not loop.run(Line(), SETTINGS)
    assert [path.name for path in (tmp_path / "checkpoints/line").iterdir()] == ["step-00000003"]


def test_a_checkpoint_that_was_being_written_is_not_read(tmp_path: Path):
    checkpoint, part = Checkpoint(tmp_path), {"model": torch.nn.Linear(1, 1)}
    checkpoint.save(1, part)
    (tmp_path / ".writing").mkdir()
    (tmp_path / ".writing" / "model.pt").write_bytes(b"half")
    assert checkpoint.load(part, torch.device("cpu")) == 1
    checkpoint.save(2, part)
    assert [path.name for path in tmp_path.iterdir()] == ["step-00000002"]


def test_a_damaged_checkpoint_is_named(tmp_path: Path):
    checkpoint, part = Checkpoint(tmp_path), {"model": torch.nn.Linear(1, 1)}
    checkpoint.save(1, part)
    with pytest.raises(CorruptModel, match="step-00000001 cannot be read"):
        checkpoint.load({"model": torch.nn.Linear(2, 1)}, torch.device("cpu"))
    (tmp_path / "step-00000001" / "model.pt").write_bytes(b"half")
    with pytest.raises(CorruptModel, match="remove it") as caught:
        checkpoint.load(part, torch.device("cpu"))
    assert "remove it" in str(caught.value)


def test_a_disk_that_fills_up_leaves_the_older_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    checkpoint, part = Checkpoint(tmp_path), {"model": torch.nn.Linear(1, 1)}
    checkpoint.save(1, part)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(torch, "save", full)
    with pytest.raises(OSError, match="No space"):
        checkpoint.save(2, part)
    assert [path.name for path in tmp_path.iterdir()] == ["step-00000001"]


def test_metrics_forget_what_will_be_done_again(tmp_path: Path):
    rows = [{"stage": s, "step": n, "samples_per_s": 2.0} for s, n in (("line", 2), ("line", 6), ("other", 9))]
    path = tmp_path / "metrics.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows) + '{"stage": "line", "st')
    with Metrics(tmp_path, "line", since=4) as kept:
        kept.add(5, {"loss": 1.0, "seconds": 0.5})
        kept.add(6, {"loss": 3.0, "seconds": 1.5, "rare": 7.0})
    assert [(row["stage"], row["step"]) for row in metrics.rows(path)] == [("line", 2), ("other", 9), ("line", 6)]
    last = metrics.rows(path)[-1]
    assert (last["loss"], last["rare"]) == (2.0, 7.0)
    # Two steps at 2 of 4 samples a second, and four at a second each.
    assert metrics.seconds(path, "line", batch=4) == 2 * 2.0 + 4 * 1.0


# --- evaluation ---------------------------------------------------------------------------------------------------


def test_the_nearest_picture_tells_what_was_drawn(latents: Latents):
    examples = [e for e in latents.captioner.examples(["3d", "flat"]) if e.group == "en"]
    assert [(e.prompt, e.style) for e in examples] == [
        *(("apple, 3d", "3d"), ("apple, flat", "flat"), ("car, 3d", "3d"), ("car, flat", "flat")),
    ]
    made = autoencoder.to_signed(latents.pixels[[2, 2, 0, 1]])
    assert nearest(made, latents.pixels[:3])[3] == 1
    found = recall(made, examples, latents)
    assert found == {"en": {"prompts": 4, "concept": 0.75, "concept_and_style": pytest.approx(0.5, abs=0.26)}}
