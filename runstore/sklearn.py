"""Charts of scikit-learn's models, and its searches over parameters as runs.

runstore.sklearn.plot_classifier(model, X_train, X_test, y_train, y_test, y_pred, y_probas, labels)
runstore.sklearn.record_search(GridSearchCV(model, grid).fit(X, y))
"""

from runstore.integrations.sklearn.plots import (
    plot_calibration_curve,
    plot_class_proportions,
    plot_classifier,
    plot_clusterer,
    plot_confusion_matrix,
    plot_elbow_curve,
    plot_feature_importances,
    plot_learning_curve,
    plot_outlier_candidates,
    plot_precision_recall,
    plot_regressor,
    plot_residuals,
    plot_roc,
    plot_silhouette,
    plot_summary_metrics,
)
from runstore.integrations.sklearn.searches import record_search

__all__ = [
    "plot_calibration_curve",
    "plot_class_proportions",
    "plot_classifier",
    "plot_clusterer",
    "plot_confusion_matrix",
    "plot_elbow_curve",
    "plot_feature_importances",
    "plot_learning_curve",
    "plot_outlier_candidates",
    "plot_precision_recall",
    "plot_regressor",
    "plot_residuals",
    "plot_roc",
    "plot_silhouette",
    "plot_summary_metrics",
    "record_search",
]
