"""The main job: a brief in, one folder of content out.

>>> from pathlib import Path
>>> from aigc_sdk import Client
>>> from aigc_sdk.campaign import load_brief, run_campaign
>>> with Client() as client:  # doctest: +SKIP
...     print(run_campaign(load_brief(Path("brief.yaml")), Path("out"), client=client).page)
"""

from __future__ import annotations

from ..contract.channels import Violation, check
from .brief import Brief, load_brief
from .events import CampaignEvent, CandidatesDone, SetAside, StepStarted
from .manifest import Ad, CampaignManifest, Gap, Part, Piece, Rejected
from .run import CampaignResult, run_campaign
from .settings import CampaignSettings

__all__ = [
    "Ad",
    "Brief",
    "CampaignEvent",
    "CampaignManifest",
    "CampaignResult",
    "CampaignSettings",
    "CandidatesDone",
    "Gap",
    "Part",
    "Piece",
    "Rejected",
    "SetAside",
    "StepStarted",
    "Violation",
    "check",
    "load_brief",
    "run_campaign",
]
