"""A loop in PyTorch whose gradients and parameters are watched."""

import torch
import wandb
from torch import nn

hyperparameters = dict(epochs=2, classes=3, batch_size=8, learning_rate=0.05)


def make(config):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, config.classes))
    inputs, targets = torch.randn(32, 4), torch.randint(0, config.classes, (32,))
    return model, inputs, targets, nn.CrossEntropyLoss(), torch.optim.Adam(model.parameters(), lr=config.learning_rate)


def train(model, inputs, targets, criterion, optimizer, config):
    wandb.watch(model, criterion, log="all", log_freq=2)
    seen = 0
    for epoch in range(config.epochs):
        for start in range(0, len(inputs), config.batch_size):
            batch = slice(start, start + config.batch_size)
            loss = criterion(model(inputs[batch]), targets[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            seen += config.batch_size
            wandb.log({"epoch": epoch, "loss": loss}, step=seen)


with wandb.init(project="pytorch", config=hyperparameters):
    parts = make(wandb.config)
    train(*parts, wandb.config)
    torch.save(parts[0].state_dict(), "model.pt")
    wandb.save("model.pt")
