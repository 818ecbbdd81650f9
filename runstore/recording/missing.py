"""Names that W&B has and Runstore has not yet: using one is an error that says so."""

from typing import Final

_OF_MODULE = """
AlertLevel Api Artifact Audio Bokeh Graph Histogram Html Image JoinedTable Molecule Object3D PartitionedTable Plotly
Video agent alert attach beta controller define_metric join keras link_artifact link_model log_artifact log_code
log_model mark_preempting plot plot_table restore save setup sweep teardown termerror termlog termwarn unwatch
use_artifact use_model watch
"""
_OF_RUN = """
alert define_metric display finish_artifact get_project_url get_sweep_url get_url join link_artifact link_model
log_artifact log_code log_model mark_preempting plot_table project_name project_url restore save status sweep_url
to_html unwatch upsert_artifact use_artifact use_model watch write_logs
"""

OF_MODULE: Final = frozenset(_OF_MODULE.split())
"""Of the module."""
OF_RUN: Final = frozenset(_OF_RUN.split())
"""Of a run."""


def error(owner: str, name: str, known: frozenset[str]) -> AttributeError:
    """What is raised for a `name` that `owner` has not; `known` are the names that W&B has there."""
    if name in known:
        return AttributeError(f"{owner} has no {name!r} yet; see the documentation's page 'Logging runs'", name=name)
    return AttributeError(f"{owner} has no attribute {name!r}", name=name)
