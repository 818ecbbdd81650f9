"""How long one training by transformers' Trainer takes with a report and without: `ROUNDS` of both, as JSON lines.

In each round the two follow each other, in an order that changes; a line has the seconds of each on the clock, of the
processor, and within the reporting callback. What is counted is `train()`, the run's beginning and end included.
"""

import json
import sys
import time

import torch
import wandb
from transformers import BertConfig, BertForSequenceClassification, Trainer, TrainingArguments
from transformers.integrations import WandbCallback

torch.set_num_threads(1)
torch.manual_seed(0)
WIDE = {"hidden_size": 128, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 512}
data = [{"input_ids": torch.randint(1000, (64,)), "labels": torch.tensor(number % 2)} for number in range(1600)]


def train(report_to):
    model = BertForSequenceClassification(BertConfig(vocab_size=1000, max_position_embeddings=64, **WIDE))
    arguments = TrainingArguments(
        output_dir="out",
        num_train_epochs=1,
        per_device_train_batch_size=16,
        logging_steps=5,
        save_strategy="no",
        report_to=report_to,
        use_cpu=True,
        disable_tqdm=True,
    )
    trainer = Trainer(model, arguments, train_dataset=data)
    inside = []
    for each in trainer.callback_handler.callbacks:
        if isinstance(each, WandbCallback):
            each.on_train_begin, each.on_log = timed(each.on_train_begin, inside), timed(each.on_log, inside)
    begun = time.perf_counter(), time.process_time()
    trainer.train()
    timed(wandb.finish, inside)()
    return time.perf_counter() - begun[0], time.process_time() - begun[1], sum(inside)


def timed(function, inside):
    def call(*arguments, **named):
        begun = time.perf_counter()
        try:
            return function(*arguments, **named)
        finally:
            inside.append(time.perf_counter() - begun)

    return call


train("none")  # What is loaded on first use is loaded for both.
train("wandb")
for number in range(int(sys.argv[1])):
    order = ("none", "wandb") if number % 2 == 0 else ("wandb", "none")
    print("pace", json.dumps({each: train(each) for each in order}), flush=True)
