"""Charts of tables and classifiers, as `runstore.plot.line(…)`; logged like any other value.

table = runstore.Table(columns=["x", "y"], data=[[1, 2], [2, 4]])
runstore.log({"chart": runstore.plot.line(table, "x", "y", title="Twice")})
"""

from runstore.media.charts import CustomChart, bar, histogram, line, line_series, plot_table, scatter
from runstore.media.curves import confusion_matrix, pr_curve, roc_curve

__all__ = [
    "CustomChart",
    "bar",
    "confusion_matrix",
    "histogram",
    "line",
    "line_series",
    "plot_table",
    "pr_curve",
    "roc_curve",
    "scatter",
]
