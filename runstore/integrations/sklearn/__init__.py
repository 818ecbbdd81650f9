"""scikit-learn: charts of classifiers, regressors and clusterings, and searches over their parameters."""
