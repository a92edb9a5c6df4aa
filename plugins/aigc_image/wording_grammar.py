"""The little of English and Chinese grammar that finds a phrase's head."""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


STOPS = _words("""
with of in on for at by from under near over behind beside against between inside to into onto and or while as that
which who is are was has having made sits stands lies eats drinks plays holds wears rides drives flies runs jumps sleeps
reads carries
""")
"""After a name, these end the phrase that it heads. So does every other word in -ing."""

CONTAINERS = _words("""
slice piece bowl glass cup mug bottle box basket can jar pot pair bunch stack bag pile pack drop ball bar roll spoon
bucket tin pint bundle stick painting sign symbol toy face head
""")
"""Of these before "of", what follows is meant, where it is known."""

GENERIC = _words("""
fruit vegetable flower bird fish insect bug plant building vehicle tool drink food dessert toy painting artwork face
sign symbol 水果 蔬菜 植物 建筑 工具 玩具 饮料 甜点 昆虫 虫子 笑脸
""")
"""Names that say less than one that stands right before them: "parrot bird"."""

STOPS_WIDE = frozenset("在和与跟吃喝玩骑拿抱戴穿坐站躺跑飞睡正是有带配放插装及或上下里中旁")
PLACES = frozenset("上下里中旁")
"""Before 的, these end no phrase: 沙发上的猫 is a cat."""

BEFORE_SINGLE = frozenset("的大小老新个只条头匹朵颗杯辆张把件双台棵座片块支瓶盘碗幅艘架盏顶枚一二两三几")
"""A name of one character is a word of its own after these, and at the start: 一匹马, but not 点心."""

BACKGROUNDS = _words("background backdrop 背 底")
"""A colour before these is not the thing's."""
