"""The commands below `runstore import` that this package offers: each parses, and hands its importer's runs on."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from runstore.cli.examples import examples
from runstore.cli.importing import bring_all, importing, wish_of
from runstore.cli.words import printable

if TYPE_CHECKING:
    from runstore.importers.sources import ImportedRun
    from runstore.importers.tables import Format

_TABLES: Final[dict[str, "Format"]] = {".csv": "csv", ".parquet": "parquet"}


@click.command(
    epilog=examples(
        "runstore import tensorboard runs -p digits",
        "runstore import tensorboard logs --group-by parent --dry-run",
    )
)
@click.argument("logdir", type=click.Path(path_type=Path))
@click.option(
    "--group-by",
    type=click.Choice(["none", "parent", "top"]),
    default="none",
    help="The group of a run: the directory above its own, or the first one below LOGDIR.",
)
@importing
@click.pass_context
def tensorboard(context: click.Context, /, logdir: Path, group_by: Any, **common: Any) -> None:
    """Import TensorBoard's event files: each directory in LOGDIR that has some is a run, named by its path."""
    from runstore.importers import tensorboard as importer

    bring_all(context, wish_of(**common), importer.runs(logdir, group_by))


@click.command(
    epilog=examples(
        "runstore import wandb wandb/",
        "runstore import wandb wandb/offline-run-20260101_120000-k3x9a2bc -p digits",
        "runstore import wandb export.csv -p digits  # from a table or a chart of W&B's page",
    )
)
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--format",
    "form",
    type=click.Choice(["auto", "directory", "csv", "parquet"]),
    default="auto",
    help="What PATHS are: W&B's directories, or files exported from its page or Api. Default: by their endings.",
)
@importing
@click.pass_context
def wandb(context: click.Context, /, paths: tuple[Path, ...], form: str, **common: Any) -> None:
    """Import runs of W&B: directories wandb/offline-run-… and wandb/run-…, and tables exported as CSV or Parquet.

    A run that was resumed has several directories; those beside the one that is named belong to it.
    """
    bring_all(context, wish_of(**common), _of_wandb(paths, form))


def _of_wandb(paths: Iterable[Path], form: str) -> "Iterator[ImportedRun]":
    from runstore.importers import frames
    from runstore.importers import wandb as importer

    for path in paths:
        table = _TABLES.get(path.suffix.lower()) if form == "auto" else _TABLES.get(f".{form}")
        yield from importer.runs([path]) if table is None else frames.runs(path, table)


@click.command(
    epilog=examples(
        "runstore import trackio",
        "runstore import trackio ~/.cache/huggingface/trackio/digits.db --dry-run",
    )
)
@click.argument("path", required=False, type=click.Path(path_type=Path))
@importing
@click.pass_context
def trackio(context: click.Context, /, path: Path | None, **common: Any) -> None:
    """Import runs of trackio: those in PATH, one of its databases or its directory. Default: where trackio keeps them.

    That is TRACKIO_DIR, or the directory trackio in the cache of Hugging Face.
    """
    from runstore.importers import trackio as importer

    bring_all(context, wish_of(**common), importer.runs(path or importer.default_directory()))


@click.command(epilog=examples("runstore import dvclive dvclive -p digits", "runstore import dvclive trials --dry-run"))
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@importing
@click.pass_context
def dvclive(context: click.Context, /, paths: tuple[Path, ...], **common: Any) -> None:
    """Import directories of DVCLive, or those below PATHS: each is a run.

    Experiments that DVC keeps in git's history are not read: check each out, and import it.
    """
    from runstore.importers import dvclive as importer

    bring_all(context, wish_of(**common), importer.runs(paths))


@click.command(epilog=examples("runstore import sacred runs", "runstore import sacred runs/12 -p digits"))
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@importing
@click.pass_context
def sacred(context: click.Context, /, paths: tuple[Path, ...], **common: Any) -> None:
    """Import runs that Sacred's FileStorageObserver kept: the directories with a run.json at or below PATHS."""
    from runstore.importers import sacred as importer

    bring_all(context, wish_of(**common), importer.runs(paths))


@click.command(
    epilog=examples(
        "runstore import mlflow mlruns",
        "runstore import mlflow sqlite:///mlflow.db --artifacts /data/mlartifacts --dry-run",
    )
)
@click.argument("stores", nargs=-1, required=True)
@click.option(
    "--artifacts",
    "beside",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="A directory that artifacts may be read from too. They are read below the store's own directory anyway.",
)
@importing
@click.pass_context
def mlflow(context: click.Context, /, stores: tuple[str, ...], beside: tuple[Path, ...], **common: Any) -> None:
    """Import runs of MLflow: file stores (mlruns/), SQLite databases (mlflow.db), or directories that have either.

    Each experiment is a project, unless -p names one for all. MLflow itself need not be installed.
    """
    from runstore.importers import mlflow as importer

    bring_all(context, wish_of(**common), importer.runs(stores, beside))


def _of_tables(form: "Format", meaning: str, *more: str) -> click.Command:
    """The command for files of one format."""

    @click.command(name=form, help=meaning, epilog=examples(f"runstore import {form} runs.{form} --dry-run", *more))
    @click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
    @click.option(
        "--map",
        "asked",
        multiple=True,
        metavar="ROLE=COLUMN",
        help="What a column is: run, name, group, job_type, tags, notes, created, state, sweep, step, time or runtime; "
        "or config, metric, summary or skip, of any number of columns (* stands for any text).",
    )
    @importing
    @click.pass_context
    def command(context: click.Context, /, files: tuple[Path, ...], asked: tuple[str, ...], **common: Any) -> None:
        from runstore.importers import frames, mapping

        pairs = mapping.parse(asked)
        wish = wish_of(**common)
        for path in files if not wish.as_json else ():
            for line in frames.plan_of(path, form, pairs).lines():
                click.echo(printable(f"{path}: {line}"), err=True)
        bring_all(context, wish, (run for path in files for run in frames.runs(path, form, pairs)))

    return command


_GUESSED = "What --map does not say is guessed from names and values, and printed; --dry-run shows that alone."
csv = _of_tables(
    "csv",
    f"Import runs from CSV files: one a file, or the rows of each told apart by a column. {_GUESSED}",
    "runstore import csv all.csv --map run=seed --map step=epoch --map config=lr",
)
parquet = _of_tables(
    "parquet", f"Import runs from Parquet files: one a file, or the rows of each told apart by a column. {_GUESSED}"
)
jsonl = _of_tables(
    "jsonl", f"Import runs from JSON lines: one a file, or the rows of each told apart by a column. {_GUESSED}"
)
