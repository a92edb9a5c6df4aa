"""Settings: composed by Hydra from ``aigc_sdk/conf``, the user's own file and overrides; validated by pydantic."""

from __future__ import annotations

import os
from collections.abc import Sequence
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, JsonValue, model_validator

from .contract.errors import InvalidRequest
from .contract.model import Closed
from .contract.requests import Modality


def home() -> Path:
    """The folder that holds store, ledger and the user's settings: ``$AIGC_HOME``, or the platform's data folder."""
    if named := os.environ.get("AIGC_HOME"):
        return Path(named).expanduser().absolute()
    import platformdirs

    return platformdirs.user_data_path("aigc-sdk")


class NodeResources(Closed):
    """What a replica reserves of its node; see ``conf/config.yaml``."""

    num_cpus: float | None = Field(default=None, ge=0)
    num_gpus: float | None = Field(default=None, ge=0)


class RaySettings(Closed):
    """See ``conf/config.yaml``."""

    address: str | None = None
    num_cpus: float = Field(default=1, ge=0)
    num_gpus: float | None = Field(default=None, ge=0)
    models: dict[str, NodeResources] = {}
    min_replicas: int = Field(default=0, ge=0)
    max_replicas: int = Field(default=8, ge=1)
    jobs_per_replica: int = Field(default=4, ge=1)
    upscale_delay_s: float = Field(default=1, ge=0)
    idle_s: float = Field(default=600, ge=0)

    @model_validator(mode="after")
    def _bounds(self) -> RaySettings:
        if self.min_replicas > self.max_replicas:
            raise ValueError("min_replicas is more than max_replicas")
        return self


class EngineSettings(Closed):
    """See ``conf/config.yaml``."""

    executor: Literal["local", "ray"] = "local"
    ray: RaySettings = RaySettings()

    device: str | None = None
    max_resident: int = Field(default=4, ge=1)
    memory_fraction: float = Field(default=0.8, gt=0, le=1)
    pinned: tuple[str, ...] = ()
    hang_grace_s: float = Field(default=30, gt=0)


class LedgerSettings(Closed):
    """See ``conf/config.yaml``."""

    enabled: bool = True
    url: str | None = None
    store_prompts: bool = False
    redact_personal: bool = True
    energy: bool = False

    def location(self) -> str:
        """The database's URL."""
        return self.url or f"sqlite:///{home() / 'ledger.sqlite'}"


class TelemetrySettings(Closed):
    """See ``conf/config.yaml``."""

    enabled: bool | None = None


class ServeSettings(Closed):
    """See ``conf/config.yaml``."""

    aliases: dict[str, str] = {}


class Settings(Closed):
    """All settings. ``campaign`` is validated by the campaign itself, ``targets`` by the adapters;
    ``extra`` holds groups that plugins added."""

    offline: bool = False
    models: dict[Modality, str | None] = {}
    engine: EngineSettings = EngineSettings()
    ledger: LedgerSettings = LedgerSettings()
    telemetry: TelemetrySettings = TelemetrySettings()
    serve: ServeSettings = ServeSettings()
    targets: dict[str, dict[str, str]] = {}
    campaign: dict[str, JsonValue] = {}
    extra: dict[str, JsonValue] = {}


def load(overrides: Sequence[str] = ()) -> Settings:
    """Composes and validates the settings.

    Args:
        overrides: Hydra overrides such as ``campaign.variants=4`` or ``+mygroup=choice``.

    Raises:
        InvalidRequest: an override or the user's file is wrong, with what Hydra or pydantic said about it.
    """
    places = [f"file://{home() / 'conf'}", *(f"pkg://{e.value}" for e in entry_points(group="aigc_sdk.conf"))]
    values = compose(
        "aigc_sdk.conf", "config", overrides, places, title="settings", fix="`aigc config` shows all settings"
    )
    known = {name: values.pop(name) for name in list(values) if name in Settings.model_fields and name != "extra"}
    return Settings(**known, extra=values)


def compose(
    module: str, name: str, overrides: Sequence[str], places: Sequence[str] = (), *, title: str, fix: str
) -> dict[str, Any]:
    """Composes a Hydra configuration, also inside an application that uses Hydra itself.

    Args:
        module: the package that holds the configuration; name: its file in there.
        places: where further groups are looked for, as ``file://FOLDER`` or ``pkg://MODULE``; absent folders are
            left out.
        title: what is composed, and fix: what helps, for the error.

    Raises:
        InvalidRequest: an override or a file is wrong, with what Hydra said about it.
    """
    from hydra import compose as compose_in_hydra
    from hydra import initialize_config_module
    from hydra.core.global_hydra import GlobalHydra
    from hydra.errors import HydraException
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    search = "hydra.searchpath=[" + ",".join(f"'{place}'" for place in places if _exists(place)) + "]"
    hydra = GlobalHydra.instance()
    outer, hydra.hydra = hydra.hydra, None
    try:
        with initialize_config_module(module, version_base="1.3"):
            composed = compose_in_hydra(name, overrides=[search, *overrides])
        values = OmegaConf.to_container(composed, resolve=True)
    except (HydraException, OmegaConfBaseException, ValueError) as error:
        lines = str(error).partition("Config search path")[0].split("\n")
        said = " ".join(line.strip() for line in lines if line.strip())
        raise InvalidRequest(f"{title}: {said}", fix=fix) from None
    finally:
        hydra.hydra = outer
    if not isinstance(values, dict):
        raise InvalidRequest(f"{title}: the configuration is not a mapping")
    return {str(name): value for name, value in values.items()}


def _exists(place: str) -> bool:
    return not place.startswith("file://") or Path(place.removeprefix("file://")).is_dir()
