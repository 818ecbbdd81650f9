"""Options from the command line as the config."""

import argparse

import wandb


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--batch_size", type=int, default=8)
    parser.add_argument("--lr", type=float, default=1e-3)
    parser.add_argument("--optimizer", choices=["sgd", "adam"], default="adam")
    parser.add_argument("--no_cuda", action="store_true")
    args = parser.parse_args()

    run = wandb.init(project="options", settings=wandb.Settings(start_method="thread"))
    run.config.update(args)
    wandb.config.setdefaults({"epochs": 2, "lr": 5}) if hasattr(wandb.config, "setdefaults") else None
    wandb.config["layers"] = [64, 32]
    wandb.config.update({"epochs": 3}, allow_val_change=True)
    config = wandb.config
    assert config.lr == args.lr
    assert config.get("missing", 7) == 7
    for _ in range(config.epochs):
        wandb.log({"loss": config.lr * config.batch_size}, commit=False)
        wandb.log({"accuracy": 0.5})


if __name__ == "__main__":
    main()
