"""Where settings and secrets come from, and how secrets are kept out of what is shown."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator

import keyring
import keyring.backend
import keyring.backends.fail
import pytest

from aigc_sdk.contract.adapter import Credential, Credentials
from aigc_sdk.contract.errors import AigcError, InvalidRequest
from aigc_sdk.publishing import secrets
from tests.testing.pinboard import manifest

SECRET = "planted-canary-4711"
MANIFEST = manifest(
    "blog",
    credentials=(
        Credential(name="url", help="the site's address"),
        Credential(name="author", default=""),
        Credential(name="password", secret=True, help="an application password"),
    ),
)


class Safe(keyring.backend.KeyringBackend):
    """A keyring in memory."""

    priority = 1

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password


@pytest.fixture(autouse=True)
def safe() -> Iterator[Safe]:
    before, safe = keyring.get_keyring(), Safe()
    keyring.set_keyring(safe)
    yield safe
    keyring.set_keyring(before)


def resolve(settings: dict[str, str] | None = None, target: str = "my-blog", **how: bool) -> Credentials:
    return secrets.resolve(target, MANIFEST, settings or {"url": "https://blog.example"}, **how)


# --- where they come from ---------------------------------------------------------------------------------------------


def test_settings_from_the_environment_before_those_of_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIGC_MY_BLOG_PASSWORD", SECRET)
    found = resolve()
    assert (found.target, found["url"], found["author"]) == ("my-blog", "https://blog.example", "")
    assert found.secret("password").get_secret_value() == SECRET
    monkeypatch.setenv("AIGC_MY_BLOG_URL", " https://other.example\n")
    assert resolve()["url"] == "https://other.example"


def test_a_secret_from_the_keyring_but_the_environment_first(safe: Safe, monkeypatch: pytest.MonkeyPatch) -> None:
    secrets.keep("AIGC_MY_BLOG_PASSWORD", SECRET)
    assert safe.kept == {("aigc-sdk", "AIGC_MY_BLOG_PASSWORD"): SECRET}
    assert resolve().secret("password").get_secret_value() == SECRET
    monkeypatch.setenv("AIGC_MY_BLOG_PASSWORD", "from-the-environment")
    assert resolve().secret("password").get_secret_value() == "from-the-environment"


def test_a_secret_by_its_variable_is_hidden_from_then_on(safe: Safe, monkeypatch: pytest.MonkeyPatch) -> None:
    assert secrets.secret_of("AIGC_TELEGRAM_TOKEN") is None
    secrets.keep("AIGC_TELEGRAM_TOKEN", "123:of-the-keyring")
    assert secrets.secret_of("AIGC_TELEGRAM_TOKEN") == "123:of-the-keyring"
    monkeypatch.setenv("AIGC_TELEGRAM_TOKEN", " 123:of-the-environment\n")
    assert secrets.secret_of("AIGC_TELEGRAM_TOKEN") == "123:of-the-environment"
    assert secrets.scrub("/bot123:of-the-environment/getMe") == "/bot[secret]/getMe"


def test_each_target_has_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIGC_ONE_PASSWORD", "first-secret")
    monkeypatch.setenv("AIGC_TWO_PASSWORD", "second-secret")
    one, two = resolve(target="one"), resolve(target="two")
    assert one.secret("password").get_secret_value() == "first-secret"
    assert two.secret("password").get_secret_value() == "second-secret"


def test_a_machine_without_a_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    keyring.set_keyring(keyring.backends.fail.Keyring())
    with pytest.raises(InvalidRequest, match="not set: AIGC_MY_BLOG_PASSWORD"):
        resolve()
    with pytest.raises(AigcError, match="no keyring that can be used") as found:
        secrets.keep("AIGC_MY_BLOG_PASSWORD", SECRET)
    assert found.value.fix == "set AIGC_MY_BLOG_PASSWORD in the environment"
    assert SECRET not in str(found.value)


def test_keyring_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "keyring", None)
    with pytest.raises(AigcError, match="keyring is not installed") as found:
        secrets.keep("AIGC_MY_BLOG_PASSWORD", SECRET)
    assert "pip install keyring" in (found.value.fix or "")
    monkeypatch.setenv("AIGC_MY_BLOG_PASSWORD", SECRET)
    assert resolve().secret("password").get_secret_value() == SECRET


def test_what_is_missing_is_named_with_what_to_type() -> None:
    with pytest.raises(InvalidRequest) as found:
        secrets.resolve("my-blog", MANIFEST, {})
    assert found.value.what == (
        "my-blog: not set: AIGC_MY_BLOG_URL (the site's address), AIGC_MY_BLOG_PASSWORD (an application password)"
    )
    assert found.value.fix == "export AIGC_MY_BLOG_URL=...; or type: aigc adapters login my-blog"
    empty = secrets.resolve("my-blog", MANIFEST, {}, complete=False)
    assert (empty["url"], empty.secret("password").get_secret_value()) == ("", "")


def test_a_secret_in_the_settings_is_refused() -> None:
    with pytest.raises(InvalidRequest, match=r"targets.my-blog.password is a secret") as found:
        resolve({"url": "https://blog.example", "password": SECRET})
    assert "AIGC_MY_BLOG_PASSWORD" in (found.value.fix or "")
    assert SECRET not in str(found.value)


def test_an_unknown_setting_is_refused_with_the_nearest() -> None:
    with pytest.raises(InvalidRequest, match="has no setting 'authr'") as found:
        resolve({"url": "https://blog.example", "authr": "7"})
    assert "author" in (found.value.fix or "")


def test_credentials_show_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIGC_MY_BLOG_PASSWORD", SECRET)
    found = resolve()
    assert SECRET not in f"{found!r} {found} {found.secret('password')!r} {found.secret('password')}"
    with pytest.raises(KeyError):
        found["password"]


# --- hiding -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def heard() -> Iterator[io.StringIO]:
    """What a handler writes that was there before anything was hidden."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter("%(message)s"))
    logger = logging.getLogger("somebody.elses")
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    yield stream
    logger.removeHandler(handler)


def test_what_is_hidden_is_in_no_log(heard: io.StringIO) -> None:
    secrets.hide(SECRET)
    log = logging.getLogger("somebody.elses")
    log.debug("POST /bot%s/sendMessage", SECRET)
    log.info(f"token={SECRET}")
    log.warning("headers: %r", {"Authorization": f"Bearer {SECRET}"})
    try:
        raise ValueError(f"cannot read {SECRET}")
    except ValueError:
        log.exception("failed")
    said = heard.getvalue()
    assert SECRET not in said
    assert said.count("[secret]") == 4
    assert "Traceback" in said
    assert "ValueError: cannot read [secret]" in said


def test_other_records_are_as_they_were(heard: io.StringIO, caplog: pytest.LogCaptureFixture) -> None:
    secrets.hide(SECRET)
    log = logging.getLogger("somebody.elses")
    log.info("%d of %d", 1, 2)
    assert caplog.records[-1].args == (1, 2)
    try:
        raise ValueError("plain")
    except ValueError:
        log.exception("failed")
    assert caplog.records[-1].exc_info is not None
    assert "ValueError: plain" in heard.getvalue()


def test_a_longer_secret_is_hidden_whole() -> None:
    secrets.hide("abcd-efgh")
    secrets.hide("abcd-efgh-ijkl")
    assert secrets.scrub("abcd-efgh-ijkl abcd-efgh") == "[secret] [secret]"


def test_what_is_too_short_to_be_a_secret_stays() -> None:
    secrets.hide("abc")
    secrets.hide("")
    assert secrets.scrub("abc") == "abc"
