"""The charts of scikit-learn's models that W&B has."""

import wandb
from sklearn.cluster import KMeans
from sklearn.datasets import load_diabetes, load_iris
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import train_test_split

with wandb.init(project="charts", config={"C": 1.0}) as run:
    names = load_iris().target_names
    x_train, x_test, y_train, y_test = train_test_split(*load_iris(return_X_y=True), random_state=0)
    model = LogisticRegression(max_iter=500).fit(x_train, y_train)
    probabilities = model.predict_proba(x_test)
    wandb.sklearn.plot_classifier(
        model, x_train, x_test, y_train, y_test, model.predict(x_test), probabilities, names, model_name="Logistic"
    )
    clusters = KMeans(3, n_init=2, random_state=0).fit(x_train)
    wandb.sklearn.plot_clusterer(clusters, x_train, clusters.labels_, names, "KMeans")
    x_train, x_test, y_train, y_test = train_test_split(*load_diabetes(return_X_y=True), random_state=0)
    wandb.sklearn.plot_regressor(LinearRegression().fit(x_train, y_train), x_train, x_test, y_train, y_test)
