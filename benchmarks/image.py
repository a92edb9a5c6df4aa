"""Pictures: the plugin against bare diffusers on the same weights, and other ways to compute the same picture.

    python benchmarks/image.py [--model FOLDER] [--rounds 5] [--steps 20] [--memory] [--engines] [--upscale]

Ratios count, not times. Times are CPU times of the process, medians of rounds in turns, so that a busy machine hurts
little. Without a folder the packaged pictograms-64 are used.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

from _turns import measured

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # spinning threads would count as work
PROMPT = "red apple, 3d"
GUIDANCE = 2.0
SEED = 1


def model_folder() -> Path:
    """The packaged model."""
    from aigc_image.packaged import WEIGHTS

    return WEIGHTS / "pictograms-64"


def bare(folder: Path, dtype: str = "float32") -> Any:
    """diffusers' own pipeline."""
    import aigc_image.text_prior  # noqa: F401  # diffusers loads our U-Net only if it is imported already
    import torch
    import transformers
    from diffusers import StableDiffusionPipeline
    from diffusers.utils import logging

    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    pipe = StableDiffusionPipeline.from_pretrained(folder, dtype=getattr(torch, dtype), local_files_only=True)
    pipe.set_progress_bar_config(disable=True)
    return pipe


def draw(pipe: Any, steps: int, **options: Any) -> Any:
    """One picture by bare diffusers, as a user would write it."""
    import torch

    generator = torch.Generator("cpu").manual_seed(SEED)
    return pipe(PROMPT, num_inference_steps=steps, guidance_scale=GUIDANCE, generator=generator, **options).images[0]


def saved(image: Any) -> bytes:
    import io

    data = io.BytesIO()
    image.save(data, "PNG")
    return data.getvalue()


def client() -> Any:
    import aigc_sdk as aigc
    from aigc_sdk.settings import LedgerSettings, Settings

    return aigc.Client(settings=Settings(ledger=LedgerSettings(enabled=False)))


def made(ours: Any, folder: Path, steps: int) -> Any:
    fields = {"steps": steps, "guidance_scale": GUIDANCE, "seed": SEED}
    return ours.generate("image", PROMPT, model=str(folder), **fields)


def added_cost(folder: Path, rounds: int, steps: int) -> None:
    import torch

    pipe = bare(folder)
    with client() as ours:
        same = made(ours, folder, steps).content()
        torch.set_num_threads(ours.plan(_request(folder)).threads)
        found = measured(rounds, bare=lambda: saved(draw(pipe, steps)), ours=lambda: made(ours, folder, steps))
        equal = _pixels(same) == draw(pipe, steps).tobytes()
    print(f"one picture of {steps} steps, as PNG; the same pixels: {equal}")
    for name, seconds in found.items():
        print(f"  {name:6} {seconds:7.3f} CPU s  {seconds / found['bare']:.3f} x bare")


def _request(folder: Path) -> Any:
    from aigc_sdk import ImageRequest

    return ImageRequest(prompt=PROMPT, model=str(folder))


def _pixels(data: bytes) -> bytes:
    import io

    from PIL import Image

    return bytes(Image.open(io.BytesIO(data)).tobytes())


def engines(folder: Path, rounds: int, steps: int) -> None:
    """Other ways to compute the same picture, with their likeness to it."""
    import torch
    from aigc_image.half import put

    plain = bare(folder)
    last = bare(folder)
    last.unet.to(memory_format=torch.channels_last)
    last.vae.to(memory_format=torch.channels_last)

    def autocast() -> Any:
        with torch.autocast("cpu", torch.bfloat16):
            return draw(plain, steps)

    half = bare(folder, "bfloat16")
    network = bare(folder)
    put(network.unet, torch.bfloat16)
    ways = {
        "float32, as diffusers loads it": lambda: draw(plain, steps),
        "channels-last": lambda: draw(last, steps),
        "bfloat16 autocast": autocast,
        "bfloat16 weights": lambda: draw(half, steps),
        "bfloat16 U-Net, as the plugin": lambda: draw(network, steps),
    }
    reference = draw(plain, steps)
    found = measured(rounds, **ways)
    first = next(iter(found))
    print(f"ways to compute {steps} steps (at least 35 dB to be the same picture)")
    for name, seconds in found.items():
        likeness = _psnr(ways[name](), reference)
        print(f"  {name:31} {seconds:7.3f} CPU s  {found[first] / seconds:.2f} x as fast, {likeness}")


def _psnr(image: Any, reference: Any) -> str:
    import numpy as np

    error = np.square(np.asarray(image, float) - np.asarray(reference, float)).mean()
    return "identical" if error == 0 else f"{10 * np.log10(255**2 / error):.1f} dB"


def memory(folder: Path, steps: int) -> None:
    """Peak resident memory of a process that draws one picture: ours beside diffusers' own."""
    print(f"peak memory of a process that draws one picture of {steps} steps")
    peaks = {}
    for who in ("bare", "ours"):
        command = [sys.executable, __file__, "--peak", who, "--model", str(folder), "--steps", str(steps)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        peaks[who] = int(done.stdout.split()[-1])
        print(f"  {who:6} {peaks[who] / 1e6:7.0f} MB  {peaks[who] / peaks['bare']:.3f} x bare")


def peak(who: str, folder: Path, steps: int) -> None:
    if who == "bare":
        saved(draw(bare(folder), steps))
    else:
        with client() as ours:
            made(ours, folder, steps)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)


def upscaling(rounds: int) -> None:
    """128x128 to 512x512: ours, in torch, against the same network in ncnn, if that is installed."""
    import numpy as np
    import torch
    from aigc_image import convert_ncnn
    from aigc_image.cards import ANIMEVIDEO_NCNN

    from aigc_sdk.accelerators import make_plan

    with client() as ours:
        entry = next(e for e in ours.registry.entries() if e.card.id == "realesr-animevideov3")
        folder = ours.store.pull(entry.card)
        network, network_last = convert_ncnn.load(folder), convert_ncnn.load(folder)
        original = ours.store.files(entry.card.model_copy(update={"sources": (ANIMEVIDEO_NCNN,), "format": "ncnn"}))
        torch.set_num_threads(make_plan(entry.card, entry.manifest).threads)
    pixels = np.random.default_rng(0).random((3, 128, 128), np.float32)
    tensor = torch.from_numpy(pixels)[None]
    last = tensor.contiguous(memory_format=torch.channels_last)
    network_last.to(memory_format=torch.channels_last)

    def run(net: Any, image: Any) -> Any:
        with torch.inference_mode():
            return net(image)

    def half() -> Any:
        with torch.autocast("cpu", torch.bfloat16):
            return run(network_last, last)

    ways = {"torch": lambda: run(network, tensor), "channels-last": lambda: run(network_last, last), "bfloat16": half}
    try:
        import ncnn

        net, folder = ncnn.Net(), original.folder()
        net.opt.num_threads = torch.get_num_threads()
        net.load_param(str(folder / "network.param"))
        net.load_model(str(folder / "network.bin"))

        def by_ncnn() -> Any:
            extractor = net.create_extractor()
            extractor.input(net.input_names()[0], ncnn.Mat(pixels))
            return torch.from_numpy(np.array(extractor.extract(net.output_names()[0])[1]))[None]

        ways["ncnn"] = by_ncnn
    except ImportError:
        print("  (ncnn is not installed)")
    reference = run(network, tensor)
    found = measured(rounds, **ways)
    print("upscaling 128x128 to 512x512 by realesr-animevideov3")
    for name, seconds in found.items():
        error = float((ways[name]().float().clamp(0, 1) - reference.clamp(0, 1)).square().mean())
        likeness = "identical" if error == 0 else f"{-10 * np.log10(error):.1f} dB"
        print(f"  {name:14} {seconds:7.3f} CPU s  {found['torch'] / seconds:.2f} x as fast, {likeness}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--peak", choices=("bare", "ours"), help=argparse.SUPPRESS)
    for part in ("cost", "memory", "engines", "upscale"):
        parser.add_argument(f"--{part}", action="store_true")
    given = parser.parse_args()
    if given.peak:
        return peak(given.peak, given.model, given.steps)
    everything = not (given.cost or given.memory or given.engines or given.upscale)
    folder = given.model or (None if given.upscale and not everything else model_folder())
    if everything or given.cost:
        added_cost(folder, given.rounds, given.steps)
    if everything or given.engines:
        engines(folder, given.rounds, given.steps)
    if everything or given.memory:
        memory(folder, given.steps)
    if everything or given.upscale:
        upscaling(given.rounds)
    return None


if __name__ == "__main__":
    main()
