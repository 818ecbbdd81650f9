"""The demo's second training script: networks that learn to take the noise out of pictures of digits.

    python -m sitegen.demo_denoise train STORE WIDTH …    a data set, three seeds a width, a run that compares them

Artifacts lead from one job to the next: the noisy pictures to the networks, and these to the run that compares them.
"""

import csv
import json
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

import numpy as np
from sklearn.neural_network import MLPRegressor

import runstore
from sitegen.demo import DENOISE, DONE, SEEDS
from sitegen.digits import Floats, load, picture, started

EPOCHS: Final = 20
BATCH: Final = 50
NOISES: Final = {"mild": 0.2, "medium": 0.4, "strong": 0.6}

_TRAINED_ON = "medium"
_LEARNING_RATE = 3e-3
_SHOWN = 6
_SHOWN_EVERY = 4
_DATA = "noisy-digits"


def prepare(store: str) -> None:
    """One run: adds noise of three strengths to the pictures, each a version of one data set."""
    data = load()
    with started(
        DENOISE,
        store,
        "prepare",
        job_type="prepare",
        tags=["data"],
        notes="Gaussian noise on every pixel, cut off at black and at white. Three strengths, three versions.",
        config={"dataset": "digits", "noises": NOISES},
    ) as run:
        for name, noise in NOISES.items():
            rng = np.random.default_rng(0)
            pictures = {"train": data.known.images, "test": data.test.images}
            noisy = {part: np.clip(clean + rng.normal(0, noise, clean.shape), 0, 1) for part, clean in pictures.items()}
            version = runstore.Artifact(_DATA, "dataset", metadata={"noise": noise})
            for part, clean in pictures.items():
                with version.new_file(f"{part}.npz", "wb") as file:
                    np.savez_compressed(file, noisy=noisy[part].astype(np.float32), clean=clean.astype(np.float32))
            with version.new_file("labels.csv") as file:
                csv.writer(file).writerows([["digit"], *([digit] for digit in data.test.digits)])
            with version.new_file("README.md") as file:
                file.write(
                    f"# Noisy digits\n\nStandard deviation of the noise: {noise} of the way from white to black.\n"
                )
            run.log_artifact(version, aliases=[name])
            run.log({"data/examples": strip(noisy["test"], data.test.images, caption=f"{name}: noise of {noise}")})
            run.summary[f"data/psnr_{name}"] = psnr(noisy["test"], data.test.images)
        print(f"{len(NOISES)} versions of {_DATA}, {len(data.known.digits)} pictures to learn from each")
    print(DONE, "prepare")


def train(store: str, width: int, seed: int) -> None:
    """One run: a network with `width` hidden units learns to give back the clean picture for a noisy one."""
    name = f"width{width}-seed{seed}"
    with started(
        DENOISE,
        store,
        name,
        group=f"width{width}",
        job_type="train",
        tags=["denoiser"],
        config={"width": width, "seed": seed, "lr": _LEARNING_RATE, "batch": BATCH, "epochs": EPOCHS},
    ) as run:
        # The network is told of each batch, but validated once an epoch: `val/…` goes by epochs.
        run.define_metric("epoch", hidden=True)
        run.define_metric("val/*", step_metric="epoch")
        run.define_metric("val/loss", step_metric="epoch", summary="min,last", goal="minimize")
        run.define_metric("val/psnr", step_metric="epoch", summary="max,last", goal="maximize")
        run.log_code(Path(__file__).parent, include_fn=_is_ours)
        (noisy, clean), (test, answer) = load_pictures(run, _TRAINED_ON)
        model = MLPRegressor(hidden_layer_sizes=(width,), learning_rate_init=_LEARNING_RATE, random_state=seed)
        rng = np.random.default_rng(seed)
        for epoch in range(1, EPOCHS + 1):
            for rows in np.array_split(rng.permutation(len(noisy)), len(noisy) // BATCH):
                model.partial_fit(noisy[rows], clean[rows])
                run.log({"train/loss": model.loss_})
            found = np.clip(model.predict(test), 0, 1)
            row: dict[str, Any] = {
                "epoch": epoch,
                "val/loss": float(np.mean((found - answer) ** 2)),
                "val/psnr": psnr(found, answer),
                "val/errors": runstore.Histogram(np.abs(found - answer), num_bins=32),
            }
            if epoch == 1 or epoch % _SHOWN_EVERY == 0:
                row["val/denoised"] = strip(test, found, answer, caption="noisy, what the network made of it, clean")
            run.log(row)
            print(f"epoch {epoch:>2}  train loss {model.loss_:.5f}  val PSNR {row['val/psnr']:.2f} dB")
        save_weights(run, model)
    print(DONE, name)


def save_weights(run: Any, model: MLPRegressor) -> None:
    """Keeps the network twice: as the next version of its artifact, and by layers among the run's files."""
    layers = {f"weights{at}": weights for at, weights in enumerate(model.coefs_)}
    layers |= {f"bias{at}": bias for at, bias in enumerate(model.intercepts_)}
    shapes = {name: list(values.shape) for name, values in layers.items()}
    version = runstore.Artifact(f"denoiser-{run.group}", "model", metadata={"seed": run.config["seed"]})
    with version.new_file("layers.npz", "wb") as file:
        np.savez_compressed(file, **layers)
    with version.new_file("shapes.json") as file:
        json.dump(shapes, file, indent=2)
    run.log_artifact(version, aliases=[f"seed{run.config['seed']}"])
    with tempfile.TemporaryDirectory() as folder:
        for layer in range(len(model.coefs_)):
            place = Path(folder, "weights", f"layer{layer}")
            place.mkdir(parents=True)
            for part in ("weights", "bias"):
                np.savetxt(place / f"{part}.csv", layers[f"{part}{layer}"], fmt="%.4f", delimiter=",")
        Path(folder, "shapes.json").write_text(json.dumps(shapes, indent=2))
        run.save(f"{folder}/*", base_path=folder, policy="now")


def compare(store: str, widths: list[int]) -> None:
    """One run: the best network of each width on noise of every strength."""
    with started(
        DENOISE,
        store,
        "comparison",
        job_type="eval",
        tags=["test-set"],
        notes="The best seed of each width, also on noise that it was not trained on.",
        config={"dataset": "digits"},
    ) as run:
        columns = ["width", "noise", "PSNR before", "PSNR after", "gain"]
        table = runstore.Table(columns=columns)
        best = {width: best_network(run, width) for width in widths}
        for name, noise in NOISES.items():
            test, answer = load_pictures(run, name)[1]
            for width, network in best.items():
                before, after = psnr(test, answer), psnr(apply(network, test), answer)
                table.add_data(width, noise, round(before, 2), round(after, 2), round(after - before, 2))
                run.summary[f"test/psnr_{name}_width{width}"] = after
        lines = "\n".join(f"| {' | '.join(map(str, row))} |" for row in table.data)
        text = f"## Does it help?\n\n| {' | '.join(columns)} |\n{'|---' * len(columns)}|\n{lines}\n"
        run.log(
            {"test/gain": table, "test/report": runstore.Markdown(text), "test/page": runstore.Html(as_page(table))}
        )
        print(text)
    print(DONE, "comparison")


def best_network(run: Any, width: int) -> dict[str, Floats]:
    """The layers of the seed that does best on noise as it was trained on; its version gets the alias `best`."""
    test, answer = load_pictures(run, _TRAINED_ON)[1]
    versions = [run.use_artifact(f"denoiser-width{width}:seed{seed}") for seed in SEEDS]
    networks = [load_arrays(version, "layers.npz") for version in versions]
    at = int(np.argmax([psnr(apply(network, test), answer) for network in networks]))
    versions[at].aliases.append("best")
    versions[at].save()
    return networks[at]


def apply(network: dict[str, Floats], pictures: Floats) -> Floats:
    """What a network with one hidden layer makes of noisy pictures."""
    hidden = np.maximum(pictures @ network["weights0"] + network["bias0"], 0)
    found: Floats = np.clip(hidden @ network["weights1"] + network["bias1"], 0, 1)
    return found


def load_pictures(run: Any, name: str) -> list[tuple[Floats, Floats]]:
    """Noisy and clean pictures, to train on and to test on: an input of this run."""
    version = run.use_artifact(f"{_DATA}:{name}")
    parts = [load_arrays(version, f"{part}.npz") for part in ("train", "test")]
    return [(part["noisy"], part["clean"]) for part in parts]


def load_arrays(version: Any, name: str) -> dict[str, Floats]:
    """The arrays in a file of an artifact, by name."""
    with tempfile.TemporaryDirectory() as folder:
        version.download(folder)
        with np.load(Path(folder) / name) as file:
            return {key: file[key].astype(np.float64) for key in file.files}


def psnr(found: Floats, clean: Floats) -> float:
    """Peak signal-to-noise ratio in dB: the higher, the nearer to the clean pictures."""
    return float(-10 * np.log10(np.mean((found - clean) ** 2)))


def strip(*rows: Floats, caption: str) -> runstore.Image:
    """The first pictures of each of `rows`, one row below the other."""
    lines = [[np.pad(picture(image), 4, constant_values=255) for image in pictures[:_SHOWN]] for pictures in rows]
    return runstore.Image(np.block(lines), caption=caption)


def as_page(table: runstore.Table) -> str:
    """A table of numbers as a page of its own, its gains as bars."""
    head = "".join(f"<th>{name}</th>" for name in table.columns)
    rows = "".join(
        f"<tr>{''.join(f'<td>{value}</td>' for value in row)}<td><meter max=10 value={row[-1]}></meter></td></tr>"
        for row in table.data
    )
    style = "body{font:14px sans-serif}td,th{padding:2px 12px;text-align:right}"
    return f"<style>{style}</style><table><tr>{head}<th></th></tr>{rows}</table>"


def _is_ours(path: str) -> bool:
    return Path(path).name in ("demo_denoise.py", "digits.py")


def main(arguments: list[str]) -> None:
    """Does what the module's text says."""
    match arguments:
        case ["train", store, *widths]:
            prepare(store)
            for width in map(int, widths):
                for seed in SEEDS:
                    train(store, width, seed)
            compare(store, [*map(int, widths)])
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
