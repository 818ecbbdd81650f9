"""Our callback's ways to keep a model, and a search whose trials are runs."""

import optuna
import torch
from transformers import BertConfig, BertForSequenceClassification, Trainer, TrainingArguments

import runstore
from runstore.integrations.transformers import RunstoreCallback

SMALL = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1, "intermediate_size": 8}
data = [{"input_ids": torch.randint(16, (4,)), "labels": torch.tensor(number % 2)} for number in range(16)]


def model(trial=None):
    return BertForSequenceClassification(BertConfig(vocab_size=16, max_position_embeddings=8, **SMALL))


def trainer(callback, times=1, **named):
    arguments = TrainingArguments(
        output_dir="out",
        num_train_epochs=2,
        per_device_train_batch_size=4,
        logging_steps=4,
        save_strategy="epoch",
        report_to="none",
        use_cpu=True,
        disable_tqdm=True,
        run_name="tried",
    )
    return Trainer(args=arguments, train_dataset=data * times, eval_dataset=data, callbacks=[callback], **named)


trainer(RunstoreCallback("end", log_model="end"), model=model()).train()
runstore.finish()
trainer(RunstoreCallback(log_model="checkpoint", watch="gradients"), times=16, model=model()).train()
runstore.finish()
optuna.logging.disable_default_handler()
search = trainer(RunstoreCallback("search"), model_init=model)
search.hyperparameter_search(
    lambda trial: {"learning_rate": trial.suggest_float("learning_rate", 1e-5, 1e-3)},
    n_trials=2,
    backend="optuna",
    hp_name=lambda trial: f"trial {trial.number}",
)
try:
    RunstoreCallback(log_model="always")
except ValueError as error:
    print(error)
