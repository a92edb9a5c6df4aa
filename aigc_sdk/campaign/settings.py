"""How a campaign is run, as against what it is about (which is the brief). Composed by Hydra, group ``campaign``."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ..contract.model import Closed
from ..contract.requests import MAX_SEED


class CampaignSettings(Closed):
    """See ``conf/campaign/default.yaml``.

    Attributes:
        variants: ads per channel, segment and language; 1 to 20.
        candidates: answers asked of the model for each line (a headline for a fact, a sentence for a fact, ...); the
            best are kept. More cost time and give more to choose from.
        seed: of the first candidate; candidate ``i`` has seed + i.
        model: id of the text model; None is the default model.
        temperature: 0 (always the likeliest word) to 2.
        constrained: the model may use only the brief's own words and neutral ones. A small model needs it;
            a model that writes well by itself may do without, its claims are checked in any case.
        headlines, descriptions: texts of these fields in one ad, within what the channel takes.
        voice_over: speak the first ad of each segment and language. voice: a voice of the speech model; None is the
            default one for the language.
        pictures: pictures asked of the image model, of which the best is taken; 0 for none. 0 to 20.
        image_model: id of the image model; None is the default one.
        creatives: put picture, headline, brand and call to action on a canvas for each shape of each channel.
        videos: make a short video for each language and shape. video_model: id; None is the default one.
        publish: targets that the campaign is published to when all is made; `aigc adapters list` names them.
        publish_as: in which state; None is each target's safest.
    """

    variants: int = Field(default=2, ge=1, le=20)
    candidates: int = Field(default=8, ge=1, le=100)
    seed: int = Field(default=1, ge=0, le=MAX_SEED - 1000)
    model: str | None = None
    temperature: float = Field(default=0.7, ge=0, le=2)
    constrained: bool = True
    headlines: int = Field(default=3, ge=1, le=15)
    descriptions: int = Field(default=2, ge=1, le=4)
    voice_over: bool = True
    voice: str | None = None
    pictures: int = Field(default=4, ge=0, le=20)
    image_model: str | None = None
    creatives: bool = True
    videos: bool = True
    video_model: str | None = None
    publish: tuple[str, ...] = ()
    publish_as: Literal["draft", "published", "paused"] | None = None
