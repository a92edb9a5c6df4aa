"""Where an adapter's settings and secrets come from, and how secrets are kept out of all that is shown."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Mapping
from typing import Any

from pydantic import SecretStr

from ..contract.adapter import AdapterManifest, Credential, Credentials
from ..contract.errors import AigcError, InvalidRequest, did_you_mean

KEYRING = "aigc-sdk"
"""The service under which the system's keyring holds our secrets."""
_SHORTEST_HIDDEN = 4
"""What is shorter would blot out ordinary words."""

_formatter = logging.Formatter()
_hidden: set[str] = set()
_lock = threading.Lock()


def variable(target: str, name: str) -> str:
    """The environment variable of a target's setting: ``AIGC_WORDPRESS_URL``."""
    return f"AIGC_{target}_{name}".upper().replace("-", "_")


def resolve(
    target: str,
    manifest: AdapterManifest,
    settings: Mapping[str, str],
    *,
    complete: bool = True,
    overrides: Mapping[str, str] | None = None,
) -> Credentials:
    """What the adapter needs, from the environment, the keyring and the settings, in this order.

    Args:
        settings: of the target. overrides: go before all of these.
        complete: refuse what is missing; otherwise it is left empty.

    Raises:
        InvalidRequest: something is missing, unknown, or a secret is in the settings.
    """
    _check_settings(target, manifest, settings)
    _check_settings(target, manifest, overrides or {})
    values = {one.name: _value(target, one, settings) for one in manifest.credentials} | dict(overrides or {})
    missing = [one for one in manifest.credentials if values[one.name] is None]
    if missing and complete:
        raise _missing(target, missing)
    plain = {one.name: values[one.name] or "" for one in manifest.credentials if not one.secret}
    secret = {one.name: SecretStr(values[one.name] or "") for one in manifest.credentials if one.secret}
    for value in secret.values():
        hide(value.get_secret_value())
    return Credentials(target, plain, secret)


def _check_settings(target: str, manifest: AdapterManifest, settings: Mapping[str, str]) -> None:
    known = {one.name: one for one in manifest.credentials}
    for name in settings:
        if name not in known:
            fix = did_you_mean(name, known)
            raise InvalidRequest(f"targets.{target}: adapter {manifest.name!r} has no setting {name!r}", fix=fix)
        if known[name].secret:
            raise InvalidRequest(
                f"targets.{target}.{name} is a secret, and secrets are not read from settings",
                fix=f"take it out, and set {variable(target, name)}, or type: aigc adapters login {target}",
            )


def _value(target: str, one: Credential, settings: Mapping[str, str]) -> str | None:
    given = os.environ.get(variable(target, one.name))
    if given is None:
        given = _from_keyring(variable(target, one.name)) if one.secret else settings.get(one.name)
    return one.default if given is None else given.strip()


def _missing(target: str, missing: list[Credential]) -> InvalidRequest:
    names = ", ".join(variable(target, one.name) + (f" ({one.help})" if one.help else "") for one in missing)
    secret = any(one.secret for one in missing)
    fix = f"export {variable(target, missing[0].name)}=..." + (
        f"; or type: aigc adapters login {target}" if secret else ""
    )
    return InvalidRequest(f"{target}: not set: {names}", fix=fix)


def secret_of(name: str) -> str | None:
    """A secret by its variable's name, from the environment or the keyring; None if neither has it. It is hidden.

    For commands that speak to a platform without an adapter, such as ``aigc bot``.
    """
    found = os.environ.get(name) or _from_keyring(name)
    if found:
        hide(found.strip())
    return found.strip() if found else None


# --- the system's keyring -----------------------------------------------------------------------------------------


def _from_keyring(name: str) -> str | None:
    try:
        import keyring
        from keyring.errors import KeyringError
    except ModuleNotFoundError:
        return None
    try:
        found: str | None = keyring.get_password(KEYRING, name)
    except (KeyringError, OSError):
        return None  # a machine without one
    return found


def keep(name: str, secret: str) -> None:
    """Puts a secret into the system's keyring. Raises AigcError where there is none."""
    try:
        import keyring
        from keyring.errors import KeyringError
    except ModuleNotFoundError:
        raise AigcError("keyring is not installed", fix=f"pip install keyring, or set {name}") from None
    try:
        keyring.set_password(KEYRING, name, secret)
    except (KeyringError, OSError) as error:
        what = f"this system has no keyring that can be used ({type(error).__name__})"
        raise AigcError(what, fix=f"set {name} in the environment") from None


# --- hiding -------------------------------------------------------------------------------------------------------


def hide(secret: str) -> None:
    """From now on the secret is taken out of errors and of all log records of this process."""
    if len(secret) < _SHORTEST_HIDDEN:
        return
    with _lock:
        if not _hidden:
            # Libraries log addresses, and some platforms have the token in them. Filters would miss loggers and
            # handlers that are made later.
            logging.setLogRecordFactory(_scrubbing(logging.getLogRecordFactory()))
        _hidden.add(secret)


def scrub(text: str) -> str:
    """The text without any hidden secret."""
    for secret in sorted(_hidden, key=len, reverse=True):
        text = text.replace(secret, "[secret]")
    return text


def _scrubbing(factory: Any) -> Any:
    def record(*args: Any, **kwargs: Any) -> logging.LogRecord:
        made: logging.LogRecord = factory(*args, **kwargs)
        try:
            said = made.getMessage()
        except Exception:  # noqa: BLE001 - logging reports it itself, when it formats
            return made
        if (clean := scrub(said)) != said:
            made.msg, made.args = clean, ()
        if made.exc_info:
            trace = _formatter.formatException(made.exc_info)
            if (clean := scrub(trace)) != trace:
                made.exc_info, made.exc_text = None, clean
        return made

    return record
