"""A notebook that the real papermill carries out: its parameters are the config of the run that it begins."""

from pathlib import Path

import pytest

from tests.libraries.environments import InstallationError, python
from tests.libraries.training import Training

pytestmark = pytest.mark.slow

EXECUTE = """
import nbformat, papermill

def cell(source, *tags):
    return nbformat.v4.new_code_cell(source, metadata={"tags": list(tags)})

train = cell("import runstore\\nwith runstore.init(project='p', config={'seed': 1}) as run:\\n    run.log({'a': 1})")
kernel = {"kernelspec": {"name": "python3", "language": "python", "display_name": "Python"}}
for name, cells in (
    ("with-defaults", [cell("text = 'said'"), cell("lr = 0.1\\nlayers = [8]", "parameters"), train]),
    ("without", [train]),
):
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), f"{name}.ipynb")
    papermill.execute_notebook(f"{name}.ipynb", "done.ipynb", {"lr": 0.5, "seed": 2}, progress_bar=False)
"""


@pytest.fixture(scope="module")
def interpreter() -> Path:
    try:
        return python("notebooks")
    except InstallationError as error:
        pytest.fail(str(error), pytrace=False)


def test_parameters_are_the_config_and_what_the_notebook_says_counts_over_them(
    interpreter: Path, tmp_path: Path
) -> None:
    training = Training(interpreter, tmp_path)
    training.run(EXECUTE)
    first, second = training.runs("p")
    assert first.config == {"lr": 0.5, "layers": [8], "seed": 1}
    assert second.config == {"lr": 0.5, "seed": 1}
