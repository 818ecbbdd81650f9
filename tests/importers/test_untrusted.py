"""Files of strangers: any bytes in them cost themselves, not the import."""

import struct
import zlib
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from runstore.events import wire
from runstore.events.event import Plugin, Value
from runstore.events.hparams import Session
from runstore.events.logged import NOTHING, Plugins
from runstore.format.layout import StoreLayout
from runstore.format.records import create_store
from runstore.importers import wandb
from runstore.importers.wandb_records import Told, inner, row_of, sample_of, text_of
from runstore.importers.writing import bring
from tests.events.event_files import field

KINDS = st.sampled_from(["histogram", "image", "audio", "tensor", ""])
PLUGINS = st.sampled_from(["", "scalars", "images", "histograms", "text", "pr_curves", "hparams", "audio", "mesh"])
HEAD = b":W&B" + struct.pack("<HB", 0xBEE1, 0)


@given(KINDS, PLUGINS, st.binary(max_size=120), st.binary(max_size=60))
def test_any_value_of_an_event_is_made_or_told(kind: str, plugin: str, data: bytes, content: bytes) -> None:
    told: list[str] = []
    made = Plugins(told.append).logged(Value("tag", kind, data, Plugin(plugin, content)))  # type: ignore[arg-type]
    assert made is not NOTHING or told or plugin == "hparams"


@given(st.binary(max_size=100))
def test_any_bytes_for_hyperparameters_are_an_error_of_their_own(data: bytes) -> None:
    try:
        Session().take(field(3, field(1, data)) + field(4, data))
    except wire.WireError:
        return


@given(st.integers(1, 30), st.binary(max_size=120))
def test_any_record_of_wandb_is_read_or_refused(number: int, data: bytes) -> None:
    for read in (Told().take, row_of, text_of, lambda each: sample_of(each, None), lambda each: inner(each, 2)):
        for given_ in (data, field(number, data)):
            try:
                read(given_)
            except ValueError:
                continue


@given(st.lists(st.tuples(st.integers(1, 27), st.binary(max_size=50)), max_size=6))
def test_a_log_of_any_records_is_imported(tmp_path_factory: object, records: list[tuple[int, bytes]]) -> None:
    folder = tmp_path_factory.mktemp("log")  # type: ignore[attr-defined]
    log = HEAD
    for number, data in records:
        record = field(number, data)
        log += struct.pack("<IHB", zlib.crc32(record, zlib.crc32(b"\x01")), len(record), 1) + record
    path = folder / "offline-run-1-x" / "run-x.wandb"
    path.parent.mkdir()
    path.write_bytes(log)
    store = StoreLayout(folder / "experiments")
    create_store(store)
    [run] = wandb.runs([path])
    assert bring(run, store, "p").outcome == "new"


def test_a_log_takes_no_file_whose_digest_it_does_not_know(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"secret")
    entry = field(1, b"stolen") + field(2, b"AAAAAAAAAAAAAAAAAAAAAA==") + field(6, str(secret).encode())
    artifact = field(4, b"model") + field(5, b"model") + field(12, field(4, entry))
    record = field(8, artifact)
    path = tmp_path / "offline-run-1-x" / "run-x.wandb"
    path.parent.mkdir()
    frame = struct.pack("<IHB", zlib.crc32(record, zlib.crc32(b"\x01")), len(record), 1)
    path.write_bytes(HEAD + frame + record)
    store = StoreLayout(tmp_path / "experiments")
    create_store(store)
    [run] = wandb.runs([path])
    bring(run, store, "p")
    assert any("model lacks its file stolen" in line for line in run.problems.lines)
    assert not [each for each in store.root.rglob("*") if each.is_file() and each.read_bytes() == b"secret"]
