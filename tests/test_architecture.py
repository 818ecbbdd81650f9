"""The plan of the house as code: which room may import which, and where each library is at home."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("runstore", "sitegen", "sweeps")

RANKS: dict[str, tuple[tuple[str, ...], ...]] = {
    "runstore": (
        ("errors",),
        ("format",),
        ("settings",),
        ("media",),
        ("events",),
        ("archive",),
        ("reading",),
        ("remote",),
        ("artifacts",),
        ("manage",),
        ("inline",),
        ("api",),
        ("recording",),
        ("importers",),
        ("integrations",),
        ("namespaces",),
        ("data_types", "env", "plot", "tensorboard", "util"),
        ("apis", "sdk", "wandb_run"),
        ("catboost", "keras", "lightgbm", "sklearn", "wandb_torch", "xgboost"),
        ("integration",),
        ("shim",),
        ("cli", "exec"),
        ("__main__",),
    ),
    "sitegen": (
        ("urls", "charts", "bundles", "feeds", "media_types", "tree", "redaction"),
        ("panel_charts",),
        ("assets", "data"),
        ("embedded", "pages"),
        ("documents",),
        ("planned",),
        ("extras", "histories", "swept"),
        ("reports",),
        ("overviews", "reported"),
        ("figures",),
        ("drawings",),
        ("cards",),
        ("plan", "public", "render"),
        ("releases",),
        ("compiling", "executors", "news", "pinned", "viewed"),
        ("reporting",),
        ("output",),
        ("looks",),
        ("spreading",),
        ("build", "host"),
        ("demo_reported", "demo_views", "publishing"),
        ("demo", "exports", "serve"),
        ("digits", "cli", "mkdocs"),
        ("demo_denoise", "demo_online", "demo_sweep"),
    ),
    "sweeps": (
        ("errors",),
        ("space",),
        ("config",),
        ("search", "stopping"),
        ("records",),
        ("deciding", "liveness", "progress", "sealing"),
        ("shards",),
        ("asking", "orphans"),
        ("controller",),
        ("agent",),
        ("doctor", "launch", "proposing"),
        ("creating",),
        ("face",),
        ("cli",),
    ),
}
"""Rooms of each package, lowest first: a module imports from its own room and from the ranks below it."""

ROOMS_INSIDE: dict[str, tuple[tuple[str, ...], ...]] = {
    "runstore.format": (
        ("yaml_text",),
        ("yaml_core",),
        ("copying", "edited", "host", "lenient", "names", "sweep_records", "values", "yaml12"),
        ("run_layout", "sweep_layout"),
        ("caches", "checking", "layout", "portions"),
        ("carried", "locate", "records", "sections"),
        ("metrics", "schema", "sweep_schema", "views"),
        ("aggregates",),
    ),
    "runstore.archive": (("plain", "spelling"), ("shapes",), ("pack",), ("opening", "replacing")),
    "runstore.media": (
        ("base",),
        ("html", "kept", "markdown", "molecule", "pixels"),
        ("audio", "histogram", "object3d", "overlays", "parquet", "video"),
        ("cells", "dtypes", "gallery", "image", "stored"),
        ("figures", "links"),
        ("table",),
        ("charts", "joined", "raw"),
        ("curves",),
    ),
    "runstore.events": (
        ("wire",),
        ("event", "frames", "hparams", "tensors"),
        ("logged", "scalars"),
        ("logdir",),
    ),
    "runstore.importers": (
        ("sources",),
        (
            *("folders", "identity", "jsonpickled", "mapping", "mlflow_store", "series", "shelf", "snapshot", "tables"),
            *("terminal_text", "trackio_values", "wandb_files", "wandb_log"),
        ),
        (
            *("dvclive_plots", "keeping", "lines", "mlflow_artifacts", "mlflow_database", "mlflow_files"),
            *("trackio_store", "wandb_media", "wandb_records"),
        ),
        ("dvclive", "frames", "mlflow", "sacred", "tensorboard", "trackio", "wandb", "writing"),
    ),
    "runstore.shim": (("names",), ("distribution", "run", "starting"), ("alias",), ("path",)),
    "runstore.integrations": (
        ("begun", "boosting", "handler", "jupyter", "pytest_session", "sklearn", "starting"),
        ("catboost", "keras", "lightgbm", "pytest_plugin", "sb3", "torch", "xgboost"),
        ("accelerate", "fastai", "ignite", "lightning", "optuna", "transformers"),
    ),
    "runstore.integrations.keras": (("evaluation", "metrics", "checkpoints"), ("older",), ("callbacks",)),
    "runstore.integrations.sklearn": (
        ("asking",),
        ("classifiers", "clusterers", "models", "regressors", "searches"),
        ("plots",),
    ),
    "runstore.recording": (
        ("papermill",),
        (
            "arrays",
            "folding",
            "gpus",
            "hardware",
            "machine",
            "inputs",
            "metrics",
            "missing",
            "monitor",
            "naming",
            "nested",
            "notebook",
            "redaction",
            "relay",
            "resuming",
            "terminal",
            "trouble",
        ),
        ("environment", "forking", "linefile", "redirect", "repository", "saver", "shapes"),
        ("outputlog", "parts"),
        ("console", "history", "media", "provenance", "state"),
        (
            *("alerts", "code", "config", "ending", "lineage", "mirror", "preempting", "saved", "summary", "system"),
            "watching",
        ),
        ("recorder",),
        ("disabled", "opening"),
        ("info",),
        ("current",),
        ("compat", "patching"),
        ("run",),
        ("start",),
    ),
    "runstore.artifacts": (
        ("errors", "policy"),
        ("blobs", "host", "manifest", "names"),
        ("collection", "references", "staging"),
        ("downloading", "draft", "entries", "lineage", "publishing"),
        ("checks", "facts", "gc", "objects"),
        ("filling",),
        ("artifact",),
    ),
    "sweeps.space": (
        ("distributions", "expression", "values"),
        ("parameter",),
        ("checks", "grid"),
        ("reading",),
        ("space",),
        ("feasible",),
    ),
    "sweeps.config": (("parts",), ("schema", "sweep")),
    "sweeps.search": (
        ("view",),
        ("imputing", "seen"),
        ("cube",),
        ("surrogate",),
        ("acquisition",),
        ("grid", "random", "registry"),
        ("bayes", "optuna"),
        ("ask_tell",),
    ),
    "runstore.settings": (("foreign", "kinds"), ("fields",), ("layers",)),
    "runstore.reading": (
        (
            "disclosure",
            "problems",
            "repository",
            "rows",
            "states",
            "sweeps.files",
            "sweeps.trials",
            "sweeps.unlogged",
        ),
        ("copies", "ndjson", "segments", "stitching", "sweeps.state", "tree"),
        ("aggregated", "overlaps", "sources", "sweeps.reader"),
        ("entries", "packed", "sweeps.checks"),
        ("index",),
        ("catalog",),
        ("attempts",),
        ("store",),
        ("beside", "columns", "goals", "media", "revision", "sweeps"),
        ("conditions", "stitched", "typed", "verify"),
        ("mongo", "sql"),
        ("query",),
    ),
    "runstore.remote": (
        ("addresses", "arriving", "trees"),
        ("comparing", "distant", "local", "memory"),
        ("choosing", "places"),
        ("plan",),
        ("copying",),
        ("mirror", "syncing"),
    ),
    "runstore.manage": (
        (
            "archiving",
            "aside",
            "diff",
            "edit",
            "markdown",
            "mending",
            "merging",
            "recipes",
            "repeats",
            "samples",
            "sizes",
            "sparks",
            "staged",
            "stopping",
            "tidying",
        ),
        ("comparison", "export", "migrations", "repair", "setting_up", "terms", "trash", "views"),
        ("gate",),
        ("branch", "steps"),
        ("gate_table",),
        ("branch_comment",),
    ),
    "runstore.api": (
        ("errors",),
        ("pages", "sampling", "views"),
        ("files", "history", "source"),
        ("artifacts", "drawn"),
        ("runs",),
        ("sweeps",),
        ("projects",),
        ("client",),
    ),
    "runstore.cli": (
        ("examples", "words"),
        ("completing", "past", "terminal", "stores"),
        ("branch", "choosing", "importing"),
        (
            "archive",
            "compare",
            "completion",
            "gc",
            "init",
            "merging",
            "size",
            "exec",
            "export",
            "gate",
            "imports",
            "manage",
            "trash",
            "artifacts",
            "migrate",
            "runs",
            "schema",
            "settings",
            "sync",
            "verify",
            "views",
        ),
        ("main",),
    ),
    "sweeps.doctor": (("findings", "peer"), ("workers",), ("checks",), ("same_disk",), ("examine",)),
    "sweeps.launch": (
        ("engine", "options", "task", "tethered"),
        ("dask", "local", "slurm"),
        ("registry",),
        ("ledger",),
    ),
    "sweeps.agent": (
        ("child", "command", "heart", "identity", "metric", "places", "processes", "streak", "tiers"),
        ("surroundings", "watching"),
        ("working",),
        ("loop",),
        ("starting",),
    ),
    "sweeps.cli": (
        ("launches", "naming", "propose", "unlogged"),
        ("overview",),
        ("doctor", "launch", "status", "steer"),
        ("trials",),
        ("agent", "sweep"),
    ),
    "sitegen.data": (
        ("bands", "defined", "markup", "matching", "parquet", "sensors", "series", "sweep_config"),
        ("groups", "shards", "smoothing", "sparkline", "sweeps"),
        ("cuts", "fine", "overview", "stubs", "system", "tiers"),
        ("histograms", "tables"),
        ("plots",),
        ("attached",),
        ("logged",),
    ),
    "sitegen.documents": (("writing",), ("runs",), ("artifacts", "projects", "site", "sweeps")),
    "sitegen.mkdocs": (("hidden", "text", "watching"), ("page",), ("config", "markup", "site"), ("plugin",)),
    "sitegen.drawings": (
        ("numbers", "theme", "ticks", "wording"),
        ("columns", "drawing", "parameters", "surrogate", "trials"),
        ("aside", "fields", "forest", "groups"),
        ("subject",),
        ("bars", "causes", "coordinates", "custom", "distributions", "lines", "points", "scalars"),
        ("contour", "progress", "timeline"),
        ("panels",),
    ),
    "sitegen.exports": (
        ("carried", "chrome", "opening", "panel_media", "panel_tables", "sources", "tables"),
        ("pictures",),
        ("papers", "pdf", "single"),
        ("saving",),
    ),
    "sitegen.publishing": (
        ("branch", "folder", "outline", "patterns"),
        ("secrets",),
        ("places",),
        ("publish",),
        ("summary",),
    ),
    "sitegen.pages": (
        ("ansi", "context", "files", "highlight", "values"),
        ("code", "group", "logs", "report", "texts"),
        ("artifacts", "attempts", "index", "previews"),
        ("project", "run"),
        ("compare", "sweep"),
    ),
    "sitegen.cli": (("told",), ("exports", "figure", "publish", "site"), ("reports",)),
    "sitegen.reports": (
        ("links", "mistakes"),
        ("runsets", "text"),
        ("front", "values"),
        ("figures", "files", "schema"),
        ("crosslinks",),
        ("report",),
        ("page", "writing"),
    ),
    "sitegen.reports.text": (
        ("alphabets", "beside", "citations", "drawings", "highlighting", "syntax", "tex"),
        ("images", "mathematics", "scope", "typos"),
        ("structure",),
        ("sanitising", "sources"),
        ("wording",),
        ("rendering",),
        ("markdown",),
    ),
    "sitegen.reports.values": (
        ("budget", "samples", "statistics", "terms"),
        ("checks", "seen"),
        ("seen_runs",),
        ("comparing", "filters"),
        ("claims", "sandbox"),
        ("expressions",),
    ),
    "sitegen.reports.figures": (
        ("settings",),
        ("known", "panels"),
        ("blocks",),
        ("curves", "drawn", "tables"),
        ("lineage", "table_html"),
    ),
    "sitegen.reports.writing": (("walking",), ("as_latex", "as_markdown"), ("document",)),
    "sweeps.stopping": (("bands",), ("asha", "hyperband", "median"), ("rule",)),
    "sweeps.proposing": (("evidence", "objective", "prior"), ("proposal",)),
}
"""Ranks of the modules inside a room."""

PACKAGE_KNOWS = {"runstore": set(), "sitegen": {"runstore"}, "sweeps": {"runstore"}}
"""Packages run in one direction: the store knows neither the site nor the sweeps."""

HOMES: dict[str, tuple[str, ...]] = {
    "polars": (
        "runstore.archive",
        "runstore.importers.tables",
        "runstore.manage.export",
        "runstore.media.parquet",
        "runstore.reading",
        "sitegen.data",
        "sitegen.publishing.secrets",
    ),
    "altair": ("runstore.api.drawn", "runstore.inline", "sitegen.charts", "sitegen.figures", "sitegen.panel_charts"),
    "vl_convert": (
        "runstore.inline",
        "sitegen.charts",
        "sitegen.assets",
        "sitegen.cards",
        "sitegen.figures",
        "sitegen.reports.text.drawings",
    ),
    "latex2mathml": ("sitegen.reports.text.mathematics",),
    "pybtex": ("sitegen.reports.text.citations",),
    "pygments": ("sitegen.reports.text.highlighting",),
    "jinja2": ("sitegen.render", "sitegen.reports.values.filters", "sitegen.reports.values.sandbox"),
    "click": ("runstore.cli", "sitegen.cli", "sweeps.cli"),
    "rich": ("runstore.cli", "sitegen.cli", "sweeps.cli"),
    "bayes_opt": ("sweeps.search.bayes",),
    "optuna": ("runstore.integrations.optuna", "sweeps.search.optuna"),
    "accelerate": ("runstore.integrations.accelerate",),
    "fastai": ("runstore.integrations.fastai",),
    "ignite": ("runstore.integrations.ignite",),
    "lightning": ("runstore.integrations.lightning",),
    "transformers": ("runstore.integrations.transformers",),
    "submitit": ("sweeps.launch.slurm",),
    "fsspec": ("runstore.remote.distant",),
    "git": ("runstore.reading.repository", "runstore.recording.repository"),
    "ghp_import": ("sitegen.publishing.branch",),
    "yaml": ("runstore.format.yaml_core",),
    "IPython": ("runstore.integrations.jupyter", "runstore.recording.notebook"),
    "catboost": ("runstore.integrations.catboost",),
    "keras": ("runstore.integrations.keras",),
    "lightgbm": ("runstore.integrations.lightgbm",),
    "pytest": ("runstore.integrations.pytest_plugin", "runstore.integrations.pytest_session"),
    "stable_baselines3": ("runstore.integrations.sb3",),
    "xgboost": ("runstore.integrations.xgboost",),
    "sklearn": (
        "runstore.integrations.sklearn",
        "runstore.media.curves",
        "sitegen.demo_denoise",
        "sitegen.demo_sweep",
        "sitegen.digits",
    ),
    "pynvml": ("runstore.recording",),
    "psutil": ("runstore.recording", "runstore.format.host", "sweeps.sealing"),
    "watchfiles": ("sitegen.serve",),
    "mkdocs": ("sitegen.mkdocs.config", "sitegen.mkdocs.plugin"),
}
"""Where a library may be imported; one that is not listed may be imported anywhere."""

HEAVY = ("altair", "bayes_opt", "git", "jinja2", "numpy", "pandas", "polars", "rich", "sklearn", "vl_convert", "yaml")
"""What `import runstore` leaves alone: a training script pays for what it uses."""


@dataclass(frozen=True)
class Import:
    """One import statement: where it stands, and the module it names."""

    module: str
    target: str
    line: int

    def __str__(self) -> str:
        return f"{self.module}, line {self.line}: imports {self.target}"


def modules() -> dict[str, Path]:
    """Every module of the packages by its dotted name; a package's `__init__` by the package's."""
    found = {}
    for path in sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES = modules()


def imports(module: str) -> Iterator[Import]:
    """Every import that a module may carry out, inside functions too; those for the type checker alone don't count."""
    tree = ast.parse(MODULES[module].read_text(encoding="utf-8"))
    unread = {id(node) for check in ast.walk(tree) if is_for_types(check) for node in ast.walk(check)}
    for node in (node for node in ast.walk(tree) if id(node) not in unread):
        if isinstance(node, ast.Import):
            for name in node.names:
                yield Import(module, name.name, node.lineno)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{module}, line {node.lineno}: a relative import; write the whole name"
            source = node.module or ""
            for name in node.names:
                inner = f"{source}.{name.name}"
                yield Import(module, inner if inner in MODULES else source, node.lineno)


def is_for_types(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


ALL_IMPORTS = [found for module in MODULES for found in imports(module)]
OURS = [found for found in ALL_IMPORTS if found.target in MODULES]


def is_in(module: str, room: str) -> bool:
    return module == room or module.startswith(f"{room}.")


def rank(module: str, within: str, ranks: tuple[tuple[str, ...], ...]) -> int:
    for number, rooms in enumerate(ranks):
        if any(is_in(module, f"{within}.{room}") for room in rooms):
            return number
    pytest.fail(f"{module} has no rank; give it one in tests/test_architecture.py")


def room_of(module: str) -> str:
    """The outermost room with a plan of its own that a module is in, or ""."""
    return next((room for room in ROOMS_INSIDE if is_in(module, room)), "")


def own_room(module: str, within: str) -> str:
    """The room inside another that has a plan of its own and that a module is in, or ""."""
    return next((room for room in ROOMS_INSIDE if room.startswith(f"{within}.") and is_in(module, room)), "")


def test_packages_know_each_other_in_one_direction() -> None:
    wrong = [
        found
        for found in OURS
        if (package := found.module.split(".")[0]) != (other := found.target.split(".")[0])
        and other not in PACKAGE_KNOWS[package]
    ]
    assert not wrong, "\n".join(map(str, wrong))


@pytest.mark.parametrize("package", PACKAGES)
def test_a_module_imports_only_rooms_below_its_own(package: str) -> None:
    ranks = RANKS[package]
    wrong = []
    for found in OURS:
        inside = is_in(found.module, package) and is_in(found.target, package)
        if (
            not inside
            or package in (found.module, found.target)
            or room_of(found.module) == room_of(found.target) != ""
        ):
            continue
        own, other = rank(found.module, package, ranks), rank(found.target, package, ranks)
        if other > own or (other == own and found.module != found.target):
            wrong.append(f"{found}, which is of rank {other}, from rank {own}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("room", ROOMS_INSIDE)
def test_inside_a_room_imports_go_down_too(room: str) -> None:
    wrong = []
    for found in OURS:
        if not (is_in(found.module, room) and is_in(found.target, room)) or room in (found.module, found.target):
            continue
        if own_room(found.module, room) == own_room(found.target, room) != "":
            continue
        if rank(found.target, room, ROOMS_INSIDE[room]) >= rank(found.module, room, ROOMS_INSIDE[room]):
            wrong.append(str(found))
    assert not wrong, "\n".join(wrong)


def test_every_module_has_a_rank() -> None:
    for module in MODULES:
        package = module.split(".")[0]
        if module in (package, *ROOMS_INSIDE) or MODULES[module].name == "__init__.py":
            continue
        rank(module, package, RANKS[package])
        for room in ROOMS_INSIDE:
            if is_in(module, room):
                rank(module, room, ROOMS_INSIDE[room])


def test_no_room_is_planned_twice_or_named_after_nothing() -> None:
    vague = {"utils", "util", "helpers", "common", "misc", "tools"}
    # W&B's scripts call wandb.util: that one name is theirs.
    assert not [module for module in MODULES if vague & set(module.split(".")) and module != "runstore.util"]
    for ranks in (*RANKS.values(), *ROOMS_INSIDE.values()):
        rooms = [room for rooms in ranks for room in rooms]
        assert len(rooms) == len(set(rooms))


def test_nobody_imports_the_init_of_a_package_from_inside() -> None:
    packages = {module for module, path in MODULES.items() if path.name == "__init__.py"}
    wrong = [found for found in OURS if found.target in packages and is_in(found.module, found.target)]
    assert not wrong, "\n".join(map(str, wrong))


def test_the_import_graph_has_no_cycle() -> None:
    graph = {module: {found.target for found in OURS if found.module == module} for module in MODULES}
    done: set[str] = set()

    def visit(module: str, way: tuple[str, ...]) -> None:
        assert module not in way, " → ".join((*way, module))
        if module not in done:
            for target in sorted(graph[module]):
                visit(target, (*way, module))
            done.add(module)

    for module in sorted(graph):
        visit(module, ())


@pytest.mark.parametrize("library", HOMES)
def test_a_library_is_imported_at_home_only(library: str) -> None:
    wrong = [
        found
        for found in ALL_IMPORTS
        if is_in(found.target, library) and not any(is_in(found.module, home) for home in HOMES[library])
    ]
    assert not wrong, "\n".join(map(str, wrong))


@pytest.mark.parametrize("module", [module for module in MODULES if module not in ("runstore", "sweeps")])
def test_a_module_stays_under_500_lines_and_says_what_it_is(module: str) -> None:
    source = MODULES[module].read_text(encoding="utf-8")
    assert len(source.splitlines()) < 500
    assert ast.get_docstring(ast.parse(source))


def test_functions_stay_under_50_lines() -> None:
    long = [
        f"{module}.{node.name} has {size} lines"
        for module, path in MODULES.items()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (size := (node.end_lineno or 0) - node.lineno + 1) >= 50
    ]
    assert not long, "\n".join(long)


def test_file_names_of_the_store_are_known_to_the_layouts_alone() -> None:
    names = {"history.jsonl", "run.yaml", "config.yaml", "state.json", "summary.json", "store.yaml", "project.yaml"}
    wrong = [
        f"{module}, line {node.lineno}: {node.value!r}"
        for module, path in MODULES.items()
        if module not in ("runstore.format.layout", "runstore.format.run_layout")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and node.value in names
    ]
    assert not wrong, "\n".join(wrong)


def test_importing_runstore_loads_nothing_heavy() -> None:
    code = f"import sys, runstore; print(*sorted(set(sys.modules) & set({HEAVY!r})))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
