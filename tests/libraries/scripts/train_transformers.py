"""A tiny classifier by transformers' Trainer; arguments: what it reports to."""

import sys

import torch
from transformers import BertConfig, BertForSequenceClassification, Trainer, TrainingArguments

if sys.argv[1] == "runstore":
    import runstore.integrations.transformers  # noqa: F401 - makes the name known to transformers

SMALL = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1, "intermediate_size": 8}
torch.manual_seed(0)
model = BertForSequenceClassification(BertConfig(vocab_size=16, max_position_embeddings=8, **SMALL))
data = [{"input_ids": torch.randint(16, (4,)), "labels": torch.tensor(number % 2)} for number in range(16)]


def accuracy(found):
    return {"accuracy": float((found.predictions.argmax(-1) == found.label_ids).mean())}


arguments = TrainingArguments(
    output_dir="out",
    num_train_epochs=2,
    per_device_train_batch_size=4,
    logging_steps=2,
    eval_strategy="epoch",
    save_strategy="epoch",
    report_to=sys.argv[1],
    run_name="tiny bert",
    use_cpu=True,
    disable_tqdm=True,
)
trainer = Trainer(model, arguments, train_dataset=data, eval_dataset=data, compute_metrics=accuracy)
trainer.train()
trainer.predict(data)
