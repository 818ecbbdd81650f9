"""`watch` with real torch: which histograms come when, of any kind of model, and that training is as it was."""

import copy
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from runstore.recording import watching  # noqa: E402 - torch may be missing
from runstore.recording.run import Run  # noqa: E402
from tests.processes import rows  # noqa: E402
from tests.recording.conftest import folder_of  # noqa: E402

Begin = Callable[..., Run]
Row = dict[str, Any]


@pytest.fixture
def model() -> Any:
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Linear(8, 1))


def train(run: Run, model: Any, steps: int = 4, inputs: Any = None) -> None:
    given = torch.randn(16, 4) if inputs is None else inputs
    for step in range(steps):
        model.zero_grad()
        loss = model(given).float().pow(2).mean()
        loss.backward()
        run.log({"loss": loss.item(), "step": step})


def watched(run: Run) -> list[list[str]]:
    """The histograms in each row."""
    run.finish()
    return [sorted(key for key in row if key.startswith(("gradients/", "parameters/"))) for row in rows(folder_of(run))]


NAMES = ["0.bias", "0.weight", "2.bias", "2.weight"]


def test_gradients_join_the_scripts_rows_each_log_freq_batches(run: Run, model: Any) -> None:
    run.watch(model, log_freq=2)
    train(run, model)
    expected = [f"gradients/{name}" for name in NAMES]
    assert watched(run) == [[], expected, [], expected]
    assert len(rows(folder_of(run))) == 4


def test_a_histogram_counts_all_values_in_64_bins(run: Run, model: Any) -> None:
    run.watch(model, log_freq=1)
    train(run, model, steps=1)
    run.finish()
    [row] = rows(folder_of(run))
    found = row["gradients/0.weight"]
    assert (found["_type"], len(found["values"]), len(found["bins"])) == ("histogram", 64, 65)
    assert sum(found["values"]) == 32
    gradient = model[0].weight.grad
    assert found["bins"][0] == pytest.approx(gradient.min().item())
    assert found["bins"][-1] == pytest.approx(gradient.max().item())


@pytest.mark.parametrize(("log", "kinds"), [("parameters", ["parameters"]), ("all", ["gradients", "parameters"])])
def test_parameters_and_both(run: Run, model: Any, log: Any, kinds: list[str]) -> None:
    run.watch(model, log=log, log_freq=1)
    train(run, model, steps=1)
    assert watched(run) == [[f"{kind}/{name}" for kind in kinds for name in NAMES]]


def test_none_takes_nothing_and_mistakes_are_told(run: Run, model: Any) -> None:
    run.watch(model, log=None, log_freq=1)
    with pytest.raises(ValueError, match="watched already"):
        run.watch(model)
    with pytest.raises(ValueError, match="log is 'grads', expected 'gradients', 'parameters', 'all' or None"):
        run.watch(torch.nn.Linear(1, 1), log="grads")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="log_freq is 0"):
        run.watch(torch.nn.Linear(1, 1), log_freq=0)
    with pytest.raises(TypeError, match=r"Expected a pytorch model \(torch.nn.Module\). Received builtins.int"):
        run.watch(5)
    train(run, model, steps=2)
    assert watched(run) == [[], []]


def test_several_models_are_numbered(run: Run) -> None:
    models = [torch.nn.Linear(4, 1), torch.nn.Linear(4, 1)]
    run.watch(models, log_freq=1)
    both = lambda given: models[0](given) + models[1](given)  # noqa: E731
    both(torch.randn(3, 4)).sum().backward()
    run.log({})
    expected = ["gradients/bias", "gradients/graph_1bias", "gradients/graph_1weight", "gradients/weight"]
    assert watched(run) == [expected]


def test_unwatch_takes_the_hooks_away(run: Run, model: Any) -> None:
    other = torch.nn.Linear(4, 1)
    run.watch(model, log="all", log_freq=1)
    run.watch(other, log_freq=1)
    run.unwatch(model)
    assert not model._forward_hooks
    train(run, model, steps=1)
    run.unwatch()
    train(run, other, steps=1)
    run.watch(model, log_freq=1)
    train(run, model, steps=1)
    assert [bool(found) for found in watched(run)] == [False, False, True]


def test_after_the_run_the_model_is_as_it_was(run: Run, model: Any) -> None:
    run.watch(model, log="all", log_freq=1)
    run.finish()
    assert not model._forward_hooks
    assert not any(parameter._backward_hooks for parameter in model.parameters())
    model(torch.randn(2, 4)).sum().backward()


def test_gradients_are_the_same_with_and_without(run: Run, model: Any) -> None:
    given = torch.randn(16, 4)
    model(given).sum().backward()
    before = [parameter.grad.clone() for parameter in model.parameters()]
    model.zero_grad()
    run.watch(model, log="all", log_freq=1)
    model(given).sum().backward()
    for parameter, gradient in zip(model.parameters(), before, strict=True):
        assert torch.equal(parameter.grad, gradient)


def test_frozen_parameters_have_no_gradients(run: Run, model: Any) -> None:
    model[0].requires_grad_(False)
    run.watch(model, log="all", log_freq=1)
    train(run, model, steps=1)
    [found] = watched(run)
    assert [name for name in found if name.startswith("gradients/")] == ["gradients/2.bias", "gradients/2.weight"]
    assert len([name for name in found if name.startswith("parameters/")]) == 4


def test_a_parameter_used_twice_counts_once(run: Run) -> None:
    layer = torch.nn.Linear(4, 4, bias=False)
    model = torch.nn.Sequential(layer, torch.nn.Tanh(), layer)
    run.watch(model, log_freq=2)
    train(run, model, steps=2)
    assert watched(run) == [[], ["gradients/0.weight"]]


@pytest.mark.parametrize("kind", ["bfloat16", "float16", "float64"])
def test_other_kinds_of_floats(run: Run, kind: str) -> None:
    model = torch.nn.Linear(4, 3).to(getattr(torch, kind))
    run.watch(model, log="all", log_freq=1)
    train(run, model, steps=1, inputs=torch.randn(5, 4).to(getattr(torch, kind)))
    assert len(watched(run)[0]) == 4


def test_sparse_gradients_count_the_zeros_that_are_not_stored(run: Run) -> None:
    model = torch.nn.Embedding(100, 2, sparse=True)
    run.watch(model, log_freq=1)
    model(torch.tensor([1, 2, 1])).sum().backward()
    run.log({})
    run.finish()
    [row] = rows(folder_of(run))
    assert sum(row["gradients/weight"]["values"]) == 200


@pytest.mark.parametrize(
    ("values", "total"),
    [
        ([float("nan"), 1.0, float("inf"), 2.0], 2),
        ([float("nan")], None),
        ([], None),
        ([3.0, 3.0], 2),
        ([0.0], 1),
        ([-3e38, 3e38], 2),
        ([1e-45, 2e-45], 2),
    ],
)
def test_values_that_are_hard_to_count(values: list[float], total: int | None) -> None:
    found = watching.count(torch.tensor(values))
    if total is None:
        assert found is None
        return
    assert found is not None
    counts, edges = found
    assert sum(counts) == total
    assert len(edges) == len(counts) + 1
    assert edges == sorted(edges)


def test_complex_and_integer_tensors_are_counted() -> None:
    for tensor, total in ((torch.tensor([1 + 2j, 3 - 1j]), 4), (torch.arange(10), 10), (torch.tensor([True]), 1)):
        found = watching.count(tensor)
        assert found is not None
        assert sum(found[0]) == total


def test_data_parallel_and_compiled_models(run: Run, model: Any) -> None:
    parallel = torch.nn.DataParallel(model)
    run.watch(parallel, log_freq=1)
    train(run, parallel, steps=1)
    run.unwatch()
    compiled = torch.compile(model, backend="eager")
    run.watch(compiled, log="all", log_freq=1, idx=0)
    train(run, compiled, steps=1)
    first, second = watched(run)
    assert first == [f"gradients/module.{name}" for name in NAMES]
    assert second == [f"{kind}/{name}" for kind in ("gradients", "parameters") for name in NAMES]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("log_graph", [False, True])
def test_a_watched_model_is_saved_copied_and_traced_and_the_copies_are_not_watched(
    run: Run, model: Any, tmp_path: Path, log_graph: bool
) -> None:
    run.watch(model, log="all", log_freq=1, log_graph=log_graph)
    torch.save(model, tmp_path / "model.pt")
    saved = torch.load(tmp_path / "model.pt", weights_only=False)
    for other in (saved, copy.deepcopy(model)):
        other(torch.randn(16, 4)).sum().backward()
    run.log({"other": 1})
    train(run, model, steps=1)
    assert list(map(len, watched(run))) == [0, 8]


@pytest.mark.filterwarnings("error:Converting a tensor")
def test_tracing_a_watched_model_takes_nothing(run: Run, model: Any) -> None:
    run.watch(model, log="all", log_freq=1)
    torch.jit.trace(model, torch.randn(16, 4), check_trace=False)
    run.log({"traced": 1})
    assert watched(run) == [[]]


def test_two_backward_passes_before_a_row_leave_the_last(run: Run, model: Any) -> None:
    run.watch(model, log_freq=1)
    for _ in range(2):
        model(torch.randn(2, 4)).sum().backward()
    run.log({"loss": 1.0})
    assert watched(run) == [[f"gradients/{name}" for name in NAMES]]


def test_the_layers_are_a_table(run: Run, model: Any) -> None:
    run.watch(model, log=None, log_graph=True)
    train(run, model, steps=2, inputs=torch.randn(5, 4))
    run.finish()
    first, second = rows(folder_of(run))
    table = json.loads((folder_of(run) / first["graph_0"]["path"]).read_text())
    assert table["columns"] == ["name", "class", "parameters", "output shape"]
    assert table["data"] == [["0", "Linear", 40, "[5, 8]"], ["1", "ReLU", 0, "[5, 8]"], ["2", "Linear", 9, "[5, 1]"]]
    assert "graph_0" not in second
    assert not any(module._forward_hooks for module in model.modules())


def test_no_torch_is_imported_for_it(tmp_path: Path) -> None:
    import subprocess

    code = "import sys, runstore.recording.watching; print('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "False\n"
