from __future__ import annotations

import logging

import pytest

from aigc_sdk.contract.errors import StoreError
from aigc_sdk.contract.requests import TextRequest
from aigc_sdk.ledger import Ledger, Redactor

from .samples import PLAN, queue, receipt

SECRETS = {
    "openai": "sk-proj-abcDEF0123456789abcDEF0123456789",
    "anthropic": "sk-ant-api03-abcDEF0123456789_abcDEF-0123456789",
    "hugging-face": "hf_abcdefghijklmnopqrstuvwxyzABCDEF",
    "github": "ghp_0123456789abcdefghijABCDEFGHIJ012345",
    "github-fine": "github_pat_11ABCDEFG0abcdefghijkl_mnopqrstuvwxyz",
    "gitlab": "glpat-abcdefghij0123456789",
    "slack": "xoxb-1234567890-abcdefghijKLMNOP",
    "aws": "AKIAIOSFODNN7EXAMPLE",
    "alibaba": "LTAI5tAbCdEfGhIjKlMnOp",
    "google": "AIzaSyA-0123456789abcdefghijABCDEFGHIJ",
    "meta": "EAABsbCS1234567890abcdefghijABCDEFGHIJ0123",
    "stripe": "sk_live_0123456789abcdefABCDEF",
    "shopify": "shpat_0123456789abcdef0123456789abcdef",
    "jwt": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U",
    "private-key": "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA7\nabc\n-----END RSA PRIVATE KEY-----",
    "cut-off-key": "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmU",
}


@pytest.mark.parametrize("secret", SECRETS.values(), ids=SECRETS)
@pytest.mark.parametrize("around", ["{}", "use {} please", "key={}", '{{"k": "{}"}}', "({})", "它是{}。"])
def test_secrets_are_taken_out(secret, around):
    left = Redactor()(around.format(secret))
    for part in secret.split("\n")[-2:]:
        assert part.strip("-") not in left
    assert secret[:12] not in left or "PRIVATE KEY" not in left


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Authorization: Bearer abc.def-123456789", "Authorization: [bearer]"),
        ("Authorization: Basic dXNlcjpwYXNzd29yZA==", "Authorization: [bearer]"),
        ("postgresql://me:s3cret!@db.example:5432/x", "postgresql://me:[password]@db.example:5432/x"),
        ("https://:t0ken@example.com", "https://:[password]@example.com"),
        ("password=hunter2hunter2&x=1", "password=[secret]&x=1"),
        ("my_api_key: 'abcdef123456' ok", "my_api_key: '[secret]' ok"),
        ('{"client_secret": "abcdef123456"}', '{"client_secret": "[secret]"}'),
        ("https://x.example/a?access_token=abcdef123&b=2", "https://x.example/a?access_token=[secret]&b=2"),
        ("密码：correcthorse", "密码：[secret]"),
    ],
)
def test_secrets_are_known_by_what_stands_before_them(text, left):
    assert Redactor()(text) == left
    assert Redactor()(left) == left


@pytest.mark.parametrize(
    "text",
    [
        "Write a tagline for a red ceramic mug",
        "max_tokens: 64, output_tokens=1234567",
        "a basic understanding of bearer responsibilities",
        "https://example.com/path?x=1 and C:\\folder",
        "sk-ippers and hf_small",
        "The secret of a good mug is its glaze",
        "2026-11-22T05:20:25.044678Z",
        "sha256 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "红色陶瓷马克杯",
    ],
)
def test_other_text_is_left_alone(text):
    assert Redactor(personal=True)(text) == text


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Mail jo.doe+x@mail.example.co.uk now", "Mail [e-mail] now"),
        ("写信给张三zhang@example.cn。", "写信给张三[e-mail]。"),
        ("call +49 170 1234567", "call [phone]"),
        ("call (415) 555-2671.", "call [phone]."),
        ("手机13812345678号", "手机[phone]号"),
        ("card 4111 1111 1111 1111, thanks", "card [card-number], thanks"),
        ("card 5500-0000-0000-0004", "card [card-number]"),
        ("身份证11010519491231002X", "身份证[id-number]"),
    ],
)
def test_personal_data_is_taken_out_if_wished(text, left):
    assert Redactor(personal=True)(text) == left
    assert Redactor()(text) == text


@pytest.mark.parametrize("text", ["order 4111 1111 1111 1112", "110105194912310021", "born 1949-12-31, 1234567 pieces"])
def test_numbers_that_only_look_alike_are_left(text):
    assert Redactor(personal=True)(text) == text


@pytest.mark.timeout(60)  # a quadratic search would take an hour
@pytest.mark.parametrize(
    "piece",
    ["eyJ-", "a-", "sk-", "a_", "1 ", "://a", "-----BEGIN PRIVATE KEY----", "x@", "token:", "+1 ", "bearer ", "SG.a"],
)
def test_a_hostile_megabyte_is_searched_to_its_end(piece):
    left = Redactor(personal=True)(piece * (1_000_000 // len(piece)) + " password=hunter2hunter2")
    assert "hunter2" not in left


CANARY = "sk-CANARY0123456789abcdefCANARY"


def test_no_secret_reaches_the_files_or_the_log(tmp_path, caplog):
    """A canary is planted everywhere that a caller or a plugin can put text."""
    caplog.set_level(logging.DEBUG)
    ledger = Ledger(f"sqlite:///{tmp_path / 'ledger.sqlite'}", store_prompts=True)
    request = TextRequest(
        prompt=f"use {CANARY}", system=f"{CANARY} is the key", options={"api_key": "CANARY-plain", "note": CANARY}
    )
    ledger.record_queued("a1", request, f"model-{CANARY}", "some")
    plan = PLAN.model_copy(update={"environment": {"HF_TOKEN": "CANARY-plain"}, "reasons": (CANARY,)})
    made = receipt(
        "a1", request=request.receipt_view(), options={"nested": [{"deep": CANARY}]}, plan=plan, labels=(CANARY,)
    )
    ledger.record_finished(made)
    queue(ledger, "a2")
    ledger.record_failed("a2", StoreError(f"401 for {CANARY}", fix=CANARY))
    ledger.export(tmp_path / "jobs.jsonl")
    ledger.close()
    written = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert b"CANARY" not in written
    assert "CANARY" not in caplog.text
    assert ledger.get("a1").prompt == "use [api-key]"


def test_what_redacts_can_be_replaced(tmp_path):
    ledger = Ledger(f"sqlite:///{tmp_path / 'l.sqlite'}", store_prompts=True, redact=lambda text: text.upper())
    queue(ledger, "a1", request=TextRequest(prompt="quiet"))
    assert ledger.get("a1").prompt == "QUIET"
