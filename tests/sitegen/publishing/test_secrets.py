"""The scanner finds secrets where a site may carry them, and takes nothing else for one."""

import base64
import json
import random
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sitegen.data.shards import bytes_shard, shard
from sitegen.publishing.patterns import GROUPS, KINDS
from sitegen.publishing.secrets import SHOWN, Finding, scan

_LETTERS = string.ascii_letters + string.digits


def made(length: int, letters: str = _LETTERS, seed: int = 3) -> str:
    """A text as a generator of keys makes it. Written here, a key would stop the publication of this very project."""
    return "".join(random.Random(seed).choices(letters, k=length))


HEX = "0123456789abcdef"
B64URL = f"{_LETTERS}-_"
SECRETS = {
    "aws-key": "AKIA" + made(16, string.ascii_uppercase + string.digits),
    "github-token": "ghp_" + made(36),
    "gitlab-token": "glpat-" + made(20),
    "slack-token": "xoxb-" + made(12, string.digits) + "-" + made(24),
    "slack-hook": "hooks.slack.com/services/T" + made(8) + "/B" + made(8) + "/" + made(24),
    "google-key": "AIza" + made(35),
    "huggingface-token": "hf_" + made(34),
    "anthropic-key": "sk-ant-api03-" + made(80),
    "openai-key": "sk-proj-" + made(60),
    "wandb-key": "wandb_v1_" + made(40),
    "npm-token": "npm_" + made(36),
    "pypi-token": "pypi-AgE" + made(100, B64URL),
    "stripe-key": "sk_live_" + made(24),
    "sendgrid-key": f"SG.{made(22)}.{made(43)}",
    "azure-key": "AccountKey=" + made(86) + "==",
    "jwt": f"eyJ{made(20)}.eyJ{made(60)}.{made(43)}",
    "private-key": "-----BEGIN RSA PRIVATE KEY-----",
    "login": f"postgres://me:{made(12)}@db.lab.example/x",
    "password": f'db_password = "{made(14)}"',
    "token": f"auth_token: {made(32)}",
    "option": f"train.py --api-key {made(24)}",
}


def found(text: str | bytes) -> list[str]:
    return [each.kind for each in scan([("f", text if isinstance(text, bytes) else text.encode())])]


def test_every_kind_has_an_example() -> None:
    assert set(SECRETS) == set(KINDS)


@pytest.mark.parametrize("kind", SECRETS)
def test_a_secret_is_found_wherever_it_stands(kind: str) -> None:
    text = SECRETS[kind]
    for around in (f"{text}\n", f"a {text} b", json.dumps({"k": f"x {text} y"}), f"é{text} é", f"<td>{text}</td>"):
        assert kind in found(around), around
    assert kind in found(shard("log", {"lines": [text]}))
    assert kind in found(bytes_shard("page", f"some text before it, and then {text}".encode()))


@pytest.mark.parametrize("kind", SECRETS)
def test_a_secret_is_found_at_every_place_of_a_long_text(kind: str) -> None:
    for before in (255, 256, 8_180, 8_190, 8_192, 16_383, 40_000):
        assert kind in found("." * before + " " + SECRETS[kind] + " " + "." * 9_000), before


@pytest.mark.parametrize(
    "text",
    [
        '{"password":"Tr0ub4dor&3x"}',
        "{'db.password': 'Tr0ub4dor&3x'}",
        '["config.password","Tr0ub4dor&3x"]',
        "<tr><th>password</th><td>Tr0ub4dor&amp;3x</td></tr>",
        '<tr><th scope="row">api_key</th>\n<td class="x"><code>a8f3k2l9z7q1</code></td>',
        'say = "password: \\"Tr0ub4dor-3x\\""',
        "password=Tr0ub4dor-3x --lr 1",
        "export WANDB_API_KEY=" + made(40, HEX),
        "PASSWORD: Tr0ub4dor-3x",
        "&#34;client_secret&#34;: &#34;Tr0ub4dor-3x&#34;",
        "--password Tr0ub4dor-3x",
        "aws_secret_access_key = " + made(40),
    ],
)
def test_a_password_is_found_however_it_is_written(text: str) -> None:
    assert found(text)


@pytest.mark.parametrize(
    ("kind", "token"),
    [
        ("huggingface-token", "hf_" + made(34, string.ascii_letters)),
        ("huggingface-token", "hf_" + made(34, string.ascii_lowercase)),
        ("github-token", "ghp_" + made(36, string.ascii_letters)),
        ("github-token", "ghp_" + string.ascii_letters[:13] + string.digits + string.ascii_letters[-13:]),
        ("github-token", "github_pat_" + made(22) + "_" + string.digits + made(49)),
        ("npm-token", "npm_" + made(36, string.ascii_letters)),
    ],
)
def test_a_token_of_known_prefix_and_length_need_not_look_random(kind: str, token: str) -> None:
    assert found(f"by hand: {token}\n") == [kind]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ghp_" + "x" * 36,
        "ghp_" + "0" * 36,
        "hf_" + "A" * 34,
        "hf_" + "EXAMPLE" * 5,
        "hf_" + "model" * 9,
        '{"max_tokens": 4096, "pad_token": "[PAD]", "eos_token": "<|endoftext|>", "tokenizer": "bert-base-uncased"}',
        '"token","learning_rate","batch_size"',
        "password: changeme\napi_key = YOUR_API_KEY_1\nsecret: ${SECRET_1}\npassword=********",
        "task-" + made(24),
        "disk-" + made(24),
        "the secret of good results: 12 epochs",
        "https://example.org/a:b@c",
        "git@github.com:owner/name.git, https://github.com/owner/name@v1",
        "AKIAIOSFODNN7EXAMPLE",
        "commit " + made(40, HEX),
        "sk-learn-pipeline-with-many-words",
        "eyJhbGciOi alone",
        "password_file=/run/secrets/x1",
        "key: " + made(32),
        '"secret": null, "password": false, "api_key": ""',
        "--tokenizer gpt2-xl-large-v10",
    ],
)
def test_what_is_no_secret_is_not_taken_for_one(text: str) -> None:
    assert found(text) == []


def test_a_finding_says_where_and_only_how_it_begins() -> None:
    secret = SECRETS["github-token"]
    (finding,) = scan([("a/b.txt", f"one\ntwo {secret}\n{secret}".encode())])
    assert finding == Finding("a/b.txt", 2, "github-token", secret[:SHOWN])
    assert secret[: SHOWN + 1] not in str(finding)
    assert str(finding) == "a/b.txt, line 2: github-token, begins with 'ghp_'"


def test_many_files_are_told_apart() -> None:
    files = [(f"{number}", b"x" * number) for number in range(300)]
    files[7] = ("7", SECRETS["aws-key"].encode())
    files[250] = ("250", f"\n\n{SECRETS['jwt']}".encode())
    assert [(each.file, each.line, each.kind) for each in scan(files)] == [("250", 3, "jwt"), ("7", 1, "aws-key")]


def test_pictures_and_numbers_are_left_alone() -> None:
    data = random.Random(1).randbytes(200_000)
    assert found(bytes(3_000)) == []
    assert found(data) == []
    assert found(shard("m", {"y": base64.b64encode(data).decode()})) == []


@given(st.text(max_size=400), st.sampled_from(sorted(SECRETS)), st.text(max_size=400))
def test_a_secret_is_found_between_any_texts(before: str, kind: str, after: str) -> None:
    assert kind in found(f"{before} \n{SECRETS[kind]}\n {after}") or "example" in (before + after)


def test_a_stray_byte_hides_nothing() -> None:
    for data in (b"\0 ", b"\xff\xfe ", b"\xc3 "):
        assert found(data + SECRETS["aws-key"].encode() + b"\n" + data) == ["aws-key"]


@given(st.binary(max_size=3_000))
def test_any_bytes_are_read(data: bytes) -> None:
    for finding in scan([("f", data)]):
        assert len(finding.shown) <= SHOWN


def test_a_probe_stands_before_every_pattern() -> None:
    """What a pattern matches, its group's probe finds too: else nobody would look there."""
    import polars as pl

    for group in GROUPS:
        for pattern in group.patterns:
            assert pl.Series([SECRETS[pattern.kind]]).str.contains(group.probe)[0], pattern.kind
