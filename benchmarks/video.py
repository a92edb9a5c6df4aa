"""Video against bare PyAV and against blending, in one run: what encoding costs, how true drawn frames are.

    python benchmarks/video.py [--rounds 3]

Ratios count, not times. "bare" is PyAV with the same encoder and settings, given the same frames. Frames between are
drawn in clips of an object that moves over a background, none of which RIFE was trained on.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from _turns import measured

SIZE = (480, 480)


def moving(count: int, motion: str = "float", size: tuple[int, int] = SIZE) -> Iterator[Any]:
    """Frames of a drawn object that moves, RGB."""
    from aigc_video.poses import PATHS
    from aigc_video.scene import ObjectScene
    from PIL import Image, ImageDraw

    thing = Image.new("RGBA", (256, 256))
    draw = ImageDraw.Draw(thing)
    draw.rounded_rectangle((20, 40, 236, 216), 40, fill=(200, 40, 50, 255))
    draw.ellipse((70, 80, 130, 140), fill=(255, 230, 120, 255))
    draw.polygon([(150, 190), (220, 190), (185, 90)], fill=(40, 70, 160, 255))
    scene = ObjectScene(thing, size, PATHS[motion], 4.0, None, 1)
    yield from (np.asarray(scene.frame(i / (count - 1))) for i in range(count))


def encoding(rounds: int) -> None:
    import av
    from aigc_video.encode import CODECS, THREADS, VideoFile
    from av.video.reformatter import ColorRange, Colorspace

    frames = list(moving(96))

    def bare(form: str, path: Path) -> None:
        codec = CODECS[form]
        with av.open(str(path), "w", format=form) as container:
            stream: Any = container.add_stream(codec.name, rate=24, options=dict(codec.options))
            stream.width, stream.height, stream.pix_fmt = *SIZE, codec.pixels
            stream.codec_context.thread_count = THREADS
            for pixels in frames:
                frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
                frame = frame.reformat(
                    format=codec.pixels, dst_colorspace=Colorspace.ITU709, dst_color_range=ColorRange.MPEG
                )
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))

    def ours(form: str, path: Path) -> None:
        file = VideoFile(path, form, *SIZE, Fraction(24))
        for pixels in frames:
            file.write(pixels)
        file.close()

    print(f"encoding 96 frames of {SIZE[0]}x{SIZE[1]} (CPU seconds)")
    with TemporaryDirectory() as folder:
        for form in ("mp4", "webm"):
            one, two = Path(folder, f"bare.{form}"), Path(folder, f"ours.{form}")
            found = measured(rounds, bare=lambda f=form, p=one: bare(f, p), ours=lambda f=form, p=two: ours(f, p))
            ratio = found["ours"] / found["bare"]
            print(f"  {form:5} bare {found['bare']:.2f} s  ours {found['ours']:.2f} s  {ratio:.3f} x bare")


def drawing(rounds: int) -> None:
    for motion in ("zoom", "float", "spin"):
        found = measured(rounds, frames=lambda m=motion: sum(1 for _ in moving(24, m)))
        print(f"drawing {motion:6} {found['frames'] / 24 * 1000:6.1f} ms of CPU a frame")


def between() -> None:
    from aigc_video.between import Between
    from aigc_video.convert_rife import weights
    from aigc_video.manifest import MANIFEST

    import aigc_sdk as aigc
    from aigc_sdk.settings import LedgerSettings, Settings

    card = next(card for card in MANIFEST.models if card.id == "rife")
    with aigc.Client(settings=Settings(ledger=LedgerSettings(enabled=False))) as client:
        rife = Between(weights(client.store.files(card)), "cpu")
    print("frames between: mean error of 255 against the true frame in the middle")
    for motion in ("fly", "bounce", "spin", "zoom", "drive"):
        frames = [frame.astype(int) for frame in moving(97, motion, (320, 320))]  # 24 a second, of which 12 are given
        pairs = [(frames[i], frames[i + 2], frames[i + 1]) for i in range(0, 95, 8)]
        drawn = [next(iter(rife.frames(a.astype(np.uint8), b.astype(np.uint8), [0.5]))) for a, b, _ in pairs]
        error = float(np.mean([np.abs(d - truth).mean() for d, (_, _, truth) in zip(drawn, pairs, strict=True)]))
        blending = float(np.mean([np.abs((a + b) / 2 - truth).mean() for a, b, truth in pairs]))
        print(f"  {motion:7} RIFE {error:.3f}  blending {blending:.3f}  {error / blending:.2f} of it")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--part", choices=("encoding", "drawing", "between"))
    given = arguments.parse_args()
    parts = {"encoding": lambda: encoding(given.rounds), "drawing": lambda: drawing(given.rounds), "between": between}
    for name, run in parts.items():
        if given.part in (None, name):
            run()


if __name__ == "__main__":
    main()
