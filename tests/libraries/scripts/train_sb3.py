"""A few steps of reinforcement learning with Stable-Baselines3."""

import wandb
from stable_baselines3 import PPO
from wandb.integration.sb3 import WandbCallback

with wandb.init(project="cartpole", config={"policy": "MlpPolicy"}) as run:
    model = PPO("MlpPolicy", "CartPole-v1", n_steps=32, batch_size=16, n_epochs=1, device="cpu", seed=0)
    callback = WandbCallback(model_save_path="models", model_save_freq=64, gradient_save_freq=2, log="all")
    model.learn(96, callback=callback)
