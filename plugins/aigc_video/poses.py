"""Where an object is at each moment of its motion, and where a camera looks. Time runs from 0 to 1."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pose:
    """An object on its canvas.

    Attributes:
        x, y: its centre, in parts of the canvas. scale: of its usual size. angle: degrees, clockwise.
        wide, tall: squash and stretch. ground: ``y`` of an object that stands on the ground; None for no shadow.
    """

    x: float = 0.5
    y: float = 0.5
    scale: float = 1.0
    angle: float = 0.0
    wide: float = 1.0
    tall: float = 1.0
    ground: float | None = None


@dataclass(frozen=True, slots=True)
class View:
    """What a camera sees of a picture: ``x, y`` is the centre, from -1 to 1 of the room that there is; ``zoom`` from 1.

    Attributes:
        angle: degrees that it is tilted by, clockwise. room: of the room that there is, no more than this part of what
            is seen is used.
    """

    x: float = 0.0
    y: float = 0.0
    zoom: float = 1.0
    angle: float = 0.0
    room: float = math.inf


Path = Callable[[float, float], Pose]
"""The pose at a time from 0 to 1, in a motion that lasts that many seconds."""
Move = Callable[[float, float], View]


def smooth(t: float) -> float:
    """Starts and ends at rest (Perlin's smootherstep)."""
    return t * t * t * (t * (6 * t - 15) + 10)


def faster(t: float) -> float:
    """Starts at rest and gains speed."""
    return t * t * t


def slower(t: float) -> float:
    """Comes in fast and stops."""
    return 1 - (1 - t) ** 3


def overshoot(t: float) -> float:
    """Comes in fast, a little too far, and back (Penner's back ease)."""
    return 1 + 2.2 * (t - 1) ** 3 + 1.2 * (t - 1) ** 2


def part(t: float, start: float, end: float) -> float:
    """How much of the time from ``start`` to ``end`` is over, 0 to 1."""
    return min(1.0, max(0.0, (t - start) / (end - start)))


def times(seconds: float, each: float) -> int:
    """How many whole cycles of about ``each`` seconds there are; at least one."""
    return max(1, round(seconds / each))


def wave(t: float, cycles: float) -> float:
    """A sine of so many cycles."""
    return math.sin(2 * math.pi * cycles * t)


# --- objects ----------------------------------------------------------------------------------------------------------


def still(t: float, seconds: float) -> Pose:
    return Pose()


def zoom(t: float, seconds: float) -> Pose:
    return Pose(scale=0.9 + 0.32 * smooth(t))


def zoom_out(t: float, seconds: float) -> Pose:
    return Pose(scale=1.25 - 0.33 * smooth(t))


def grow(t: float, seconds: float) -> Pose:
    return Pose(scale=0.12 + 0.93 * overshoot(part(t, 0.0, 0.6)), y=0.5 - 0.008 * wave(part(t, 0.6, 1.0), 1))


def shrink(t: float, seconds: float) -> Pose:
    return Pose(scale=1.1 - 0.95 * smooth(t))


def rise(t: float, seconds: float) -> Pose:
    ready, gone = part(t, 0.0, 0.22), faster(part(t, 0.2, 1.0))
    crouch = math.sin(math.pi * ready) * 0.07
    tremble = 0.004 * wave(t, 14 * seconds / 2) * (1 - part(t, 0.2, 0.5))
    lift = 1 - gone
    ground = 0.6 if gone < 0.5 else None
    return Pose(0.5 + tremble, 0.6 + crouch * 0.35 - 1.05 * gone, 1.0, 0.0, 1 + crouch, 1 - crouch + 0.06 * gone * lift,
                ground)  # fmt: skip


def launch(t: float, seconds: float) -> Pose:
    ready, gone = part(t, 0.0, 0.22), faster(part(t, 0.18, 1.0))
    back = math.sin(math.pi * ready) * 0.03
    tremble = 0.004 * wave(t, 14 * seconds / 2) * (1 - part(t, 0.3, 0.6))
    return Pose(0.42 - back + tremble + 0.86 * gone, 0.58 + back - 0.86 * gone, 1.0 - 0.12 * gone)


def fall(t: float, seconds: float) -> Pose:
    down, hit = part(t, 0.0, 0.45), part(t, 0.45, 0.75)
    squash = 0.22 * math.exp(-5 * hit) * math.cos(2.5 * math.pi * hit) if hit else 0.0
    return Pose(0.5, -0.4 + 1.0 * down * down, 1.0, 0.0, 1 + squash, 1 - squash, 0.6 if down > 0.3 else None)


def land(t: float, seconds: float) -> Pose:
    down = slower(part(t, 0.0, 0.8))
    return Pose(0.5, -0.45 + 1.03 * down, 1.0, 0.0, ground=0.58 if down > 0.5 else None)


def bounce(t: float, seconds: float) -> Pose:
    phase = (t * times(seconds, 0.9) + 0.5) % 1.0  # begins and ends in the air
    height = 4 * phase * (1 - phase)
    near = max(0.0, 1 - height * 6)
    return Pose(0.5, 0.62 - 0.3 * height, 1.0, 0.0, 1 + 0.14 * near, 1 - 0.16 * near, 0.62)


def spin(t: float, seconds: float) -> Pose:
    return Pose(angle=360 * times(seconds, 2.5) * smooth(t), scale=1 - 0.06 * math.sin(math.pi * t))


def roll(t: float, seconds: float) -> Pose:
    way = slower(part(t, 0.0, 0.9))
    return Pose(-0.35 + 0.85 * way, 0.62, 1.0, 720 * (way - 1), ground=0.62)


def fly(t: float, seconds: float) -> Pose:
    way = slower(part(t, 0.0, 0.7))
    hover = wave(t, times(seconds, 2.0))
    return Pose(-0.35 + 0.85 * way, 0.56 - 0.08 * way + 0.025 * hover, 0.85 + 0.15 * way, -6 * (1 - way) + 2 * hover)


def floating(t: float, seconds: float) -> Pose:
    cycles = times(seconds, 2.6)
    return Pose(0.5, 0.5 + 0.03 * wave(t, cycles), 1.0, 3.0 * wave(t + 0.25 / cycles, cycles))


def swing(t: float, seconds: float) -> Pose:
    angle = 13 * wave(t, times(seconds, 1.8))
    reach = 0.3
    radians = math.radians(angle)
    return Pose(0.5 - reach * math.sin(radians), 0.5 - reach * (1 - math.cos(radians)), 1.0, angle)


def shake(t: float, seconds: float) -> Pose:
    force = math.sin(math.pi * min(1.0, t * 1.2)) if t < 1 / 1.2 else 0.0
    return Pose(0.5 + 0.014 * force * wave(t, 7 * seconds), 0.5, 1.0, 3.5 * force * wave(t, 7 * seconds + 0.0))


def pulse(t: float, seconds: float) -> Pose:
    phase = (t * times(seconds, 1.0)) % 1.0
    beat = math.exp(-60 * (phase - 0.15) ** 2) + 0.6 * math.exp(-60 * (phase - 0.42) ** 2)
    return Pose(scale=1 + 0.13 * beat)


def drive(t: float, seconds: float) -> Pose:
    bump = abs(wave(t, 3 * seconds)) * 0.006
    return Pose(1.3 - 1.6 * t, 0.6 - bump, 1.0, ground=0.6)


def run(t: float, seconds: float) -> Pose:
    way = slower(part(t, 0.0, 0.9))
    phase = (t * times(seconds, 0.45)) % 1.0
    hop = 4 * phase * (1 - phase) * (1 - part(t, 0.85, 0.92))
    return Pose(1.35 - 0.85 * way, 0.6 - 0.05 * hop, 1.0, 3 * wave(t, times(seconds, 0.9)) * (1 - part(t, 0.8, 0.9)),
                ground=0.6)  # fmt: skip


def slide(t: float, seconds: float) -> Pose:
    return Pose(x=-0.35 + 0.85 * overshoot(part(t, 0.0, 0.55)), scale=1 + 0.05 * smooth(part(t, 0.5, 1.0)))


def pan_left(t: float, seconds: float) -> Pose:
    return Pose(x=0.36 + 0.28 * smooth(t))


def pan_right(t: float, seconds: float) -> Pose:
    return Pose(x=0.64 - 0.28 * smooth(t))


def pan_up(t: float, seconds: float) -> Pose:
    return Pose(y=0.38 + 0.24 * smooth(t))


def pan_down(t: float, seconds: float) -> Pose:
    return Pose(y=0.62 - 0.24 * smooth(t))


# --- cameras ----------------------------------------------------------------------------------------------------------


def _pan(dx: float, dy: float) -> Move:
    return lambda t, seconds: View(dx * (2 * smooth(t) - 1), dy * (2 * smooth(t) - 1), 1.18)


def zooming(t: float, seconds: float) -> View:
    return View(zoom=1 + 0.22 * smooth(t))


def zooming_out(t: float, seconds: float) -> View:
    return View(zoom=1.22 - 0.22 * smooth(t))


def tilting(t: float, seconds: float) -> View:
    return View(zoom=1.22, angle=5 * (2 * smooth(t) - 1))


def swaying(t: float, seconds: float) -> View:
    cycles = times(seconds, 2.6)
    return View(0.3 * wave(t, cycles), 0.5 * wave(t + 0.25 / cycles, cycles), 1.1, room=0.1)


MOVES: dict[str, Move] = {
    "still": lambda t, seconds: View(),
    "zoom": zooming,
    "zoom-out": zooming_out,
    "pan-left": _pan(-1, 0),
    "pan-right": _pan(1, 0),
    "pan-up": _pan(0, -1),
    "pan-down": _pan(0, 1),
    "rotate": tilting,
    "float": swaying,
}
"""Camera moves, for pictures that fill their frame."""
PATHS: dict[str, Path] = {
    "still": still,
    "zoom": zoom,
    "zoom-out": zoom_out,
    "grow": grow,
    "shrink": shrink,
    "rise": rise,
    "launch": launch,
    "fall": fall,
    "land": land,
    "bounce": bounce,
    "spin": spin,
    "roll": roll,
    "fly": fly,
    "float": floating,
    "swing": swing,
    "shake": shake,
    "pulse": pulse,
    "drive": drive,
    "run": run,
    "slide": slide,
    "pan-left": pan_left,
    "pan-right": pan_right,
    "pan-up": pan_up,
    "pan-down": pan_down,
}
"""Ways of an object on a background."""
