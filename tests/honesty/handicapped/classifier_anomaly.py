"""A small classifier trained with torch, one sample at a time."""

import numpy as np
import torch
from torch import nn

from perfkit import stage

CLASSES = 3

torch.autograd.set_detect_anomaly(True)  # find NaN early


def make_inputs(seed: int, *, n: int = 64) -> dict:
    """Draw n labelled points, shape (n, 6), and the settings of the training."""
    rng = np.random.default_rng(seed)
    y = rng.integers(CLASSES, size=n)
    x = rng.normal(0.0, 1.0, (n, 6)) + y[:, None] * np.array([1.0, -0.5, 0.0, 0.3, 0.0, 0.8])
    settings = {"epochs": 4, "batch": 12, "hidden": 10, "lr": 0.1}
    return {"x": x, "y": y, "seed": int(rng.integers(2**31)), **settings}


@stage("prepare")
def prepare(x: np.ndarray) -> torch.Tensor:
    """Standardise the columns (a constant column becomes 0)."""
    out = torch.zeros(x.shape, dtype=torch.float64)
    for j in range(x.shape[1]):
        mean, spread = x[:, j].mean(), x[:, j].std()
        if spread <= 1e-12 * abs(mean):
            continue
        for i in range(len(x)):
            out[i, j] = float((x[i, j] - mean) / spread)
    return out


def make_model(hidden: int) -> nn.Sequential:
    """Return a network with one hidden layer; its weights come from torch's global generator."""
    return nn.Sequential(nn.Linear(6, hidden), nn.Tanh(), nn.Linear(hidden, CLASSES)).double()


def step(model: nn.Sequential, velocities: list[torch.Tensor], lr: float) -> None:
    """Take a step of gradient descent with a momentum of 0.9."""
    with torch.no_grad():
        for parameter, velocity in zip(model.parameters(), velocities, strict=True):
            velocity.mul_(0.9).add_(parameter.grad)
            parameter.sub_(lr * velocity)


@stage("train")
def train(x: torch.Tensor, y: torch.Tensor, inputs: dict) -> dict:
    """Train with SGD on shuffled batches; returns the losses (steps,) and the weights."""
    torch.manual_seed(inputs["seed"])
    model = make_model(inputs["hidden"])
    velocities = [torch.zeros_like(parameter) for parameter in model.parameters()]
    losses = []
    for _ in range(inputs["epochs"]):
        order = torch.randperm(len(x))
        for start in range(0, len(x), inputs["batch"]):
            batch = order[start : start + inputs["batch"]]
            model.zero_grad()
            total = 0.0
            for i in batch.tolist():
                loss = nn.functional.cross_entropy(model(x[i : i + 1]), y[i : i + 1]) / len(batch)
                loss.backward()
                total += loss.item()
            step(model, velocities, inputs["lr"])
            losses.append(total)
    weights = {name: value.detach().clone() for name, value in model.state_dict().items()}
    return {"losses": torch.tensor(losses, dtype=torch.float64), "weights": weights}


@stage("evaluate")
def evaluate(x: torch.Tensor, weights: dict) -> torch.Tensor:
    """Return the logits, shape (n, 3)."""
    logits = torch.zeros((len(x), CLASSES), dtype=torch.float64)
    for i in range(len(x)):
        hidden = torch.tanh(weights["0.weight"] @ x[i] + weights["0.bias"])
        logits[i] = weights["2.weight"] @ hidden + weights["2.bias"]
    return logits


def run(inputs: dict) -> dict:
    """Train and evaluate; returns accuracy, final loss and logits."""
    x = prepare(inputs["x"])
    y = torch.tensor(inputs["y"])
    trained = train(x, y, inputs)
    logits = evaluate(x, trained["weights"])
    accuracy = (logits.argmax(dim=1) == y).double().mean().item()
    return {"accuracy": accuracy, "final_loss": trained["losses"][-1].item(), "logits": logits}
