"""The names of motions, and which one suits a prompt."""

from __future__ import annotations

import re

from aigc_sdk.contract.errors import InvalidRequest, did_you_mean

from .poses import MOVES, PATHS

MORPH = "morph"
DEFAULT = "zoom"
ALIASES = {"pan": "pan-right", "rotate": "spin", "zoom-in": "zoom", "slide-in": "slide", "none": "still"}
NAMES = (*PATHS, MORPH, *ALIASES)

AS_COMPOSED = ("still", "zoom", "zoom-out", "pan-left", "pan-right", "pan-up", "pan-down")
"""With these, a picture that is given and fills the frame stays as it was composed: only the camera moves."""
CAMERA = {
    "rise": "pan-up", "launch": "pan-up", "fall": "pan-down", "land": "pan-down", "fly": "pan-right",
    "slide": "pan-right", "roll": "pan-right", "drive": "pan-left", "run": "pan-left", "spin": "rotate",
    "swing": "rotate", "shake": "float", "bounce": "float", "shrink": "zoom-out",
}  # fmt: skip
"""The camera move in place of an object's motion, where there is no object to cut out; all others zoom."""

WORDS: tuple[tuple[str, str, str], ...] = (
    (MORPH, r"(turn|chang|transform|morph|develop|evolv)\w* (in)?to|becom(e|es|ing)", "变成|变为|变身|化作"),
    ("launch", r"t(ake|akes|aking) ?-?off|took off|launch\w*|lift\w*[ -]off|blast\w*[ -]off", "起飞|发射|升空"),
    ("land", r"land|lands|landing|touch\w* down", "着陆|降落"),
    ("zoom-out", r"zoom\w* out|(pull|mov)\w* (back|away)", "拉远|远离"),
    ("zoom", r"zoom\w*|(come|coming|move|moving) closer|close[- ]?up|approach\w*", "放大|推近|靠近|特写"),
    ("pan-left", r"pan\w* (to the )?left", "左移|向左"),
    ("pan-right", r"pan\w*( (to the )?right)?", "平移|右移|向右"),
    ("bounce", r"bounc\w*|jump\w*|hop|hops|hopping|leap\w*|dribbl\w*", "弹跳|弹起|跳|蹦"),
    ("roll", r"roll|rolls|rolling", "滚"),
    ("spin", r"spin\w*|rotat\w*|turn(s|ing)?( around)?|twirl\w*|whirl\w*|revolv\w*", "旋转|转动|转圈|自转"),
    ("swing", r"swing\w*|sway\w*|rock(s|ing)|danc\w*", "摇摆|摆动|跳舞|摇晃"),
    ("shake", r"shak\w*|trembl\w*|vibrat\w*|ring(s|ing)|shiver\w*|wiggl\w*", "抖|震动|颤|响"),
    ("pulse", r"beat(s|ing)|puls\w*|throb\w*|blink\w*|glow\w*|flash\w*|twinkl\w*", "跳动|闪|发光"),
    ("float", r"float\w*|hover\w*|drift\w*|swim\w*|sail\w*", "漂|飘|浮|游"),
    ("fly", r"fl(y|ies|ying|ew)|soar\w*|glid\w*", "飞"),
    ("rise", r"ris(e|es|ing)|rose up|ascend\w*|climb\w*|go(es|ing)? up|float\w* up", "上升|升起|升"),
    ("fall", r"fall\w*|fell|drop\w*|descend\w*|sink\w*|go(es|ing)? down|crash\w*", "落|掉|下降|坠"),
    ("drive", r"driv\w*|rac(e|es|ing)|cruis\w*|rid(e|es|ing)", "开车|行驶|驶|骑"),
    ("run", r"run\w*|walk\w*|gallop\w*|chas\w*|march\w*", "跑|走|奔"),
    ("slide", r"slid\w*|enter\w*|arriv\w*|skat\w*|ski(s|ing)", "滑|进来|到来"),
    ("grow", r"grow\w*|appear\w*|bloom\w*|expand\w*|inflat\w*|open(s|ing)|pop\w*", "长大|出现|开花|绽放|生长"),
    ("shrink", r"shrink\w*|disappear\w*|vanish\w*|fad(e|es|ing)", "缩小|消失"),
)
"""A motion, the English words and the Chinese characters that ask for it. The first that is found counts."""

_FOUND = tuple((name, re.compile(rf"\b({english})\b|{chinese}", re.IGNORECASE)) for name, english, chinese in WORDS)


def named(name: str) -> str:
    """The motion of that name. Raises InvalidRequest with the nearest names."""
    plain = name.strip().lower().replace("_", "-").replace(" ", "-")
    plain = ALIASES.get(plain, plain)
    if plain not in PATHS and plain != MORPH:
        known = ", ".join(NAMES)
        fix = did_you_mean(name, NAMES) or f"one of {known}"
        raise InvalidRequest(f"there is no motion {name!r}", plugin="video", fix=fix)
    return plain


def suiting(prompt: str) -> str:
    """The motion that a prompt's words ask for; a gentle zoom if they ask for none."""
    return next((name for name, words in _FOUND if words.search(prompt)), DEFAULT)


def asked_for(prompt: str) -> bool:
    """True if a prompt's words ask for a motion."""
    return any(words.search(prompt) for _, words in _FOUND)


def without_motion(prompt: str) -> str:
    """The prompt without the words that ask for motion: what there is to see. All of it, if nothing else is left."""
    for _, words in _FOUND:
        prompt_left = words.sub(" ", prompt)
        if prompt_left != prompt:
            left = re.sub(r"\s+", " ", prompt_left).strip(" ,.;，。")
            return left if len(left) > 1 else prompt
    return prompt


def two_prompts(prompt: str) -> tuple[str, str] | None:
    """``a seed becomes a tree`` as its two things; None if the prompt does not say that one becomes another."""
    before, _, after = _FOUND[0][1].sub("\0", prompt, count=1).partition("\0")
    before, after = (text.strip(" ,.;，。") for text in (before, after))
    return (before, after) if before and after else None


def camera_move(motion: str) -> str:
    """The camera move that stands for an object's motion."""
    return motion if motion in MOVES else CAMERA.get(motion, DEFAULT)
