"""A whole batch through the network at a time; the same weights, order and gradient."""

import numpy as np
import torch
from baselines.classifier import make_model, step
from torch import nn

from perfkit import stage


@stage("prepare")
def prepare(x):
    if len(x) == 0:
        return torch.zeros(x.shape, dtype=torch.float64)
    mean, spread = x.mean(axis=0), x.std(axis=0)
    constant = spread <= 1e-12 * np.abs(mean)
    out = (x - mean) / np.where(constant, 1.0, spread)
    out[:, constant] = 0.0
    return torch.tensor(out)


@stage("train")
def train(x, y, inputs):
    torch.manual_seed(inputs["seed"])
    model = make_model(inputs["hidden"])
    velocities = [torch.zeros_like(parameter) for parameter in model.parameters()]
    losses = []
    for _ in range(inputs["epochs"]):
        order = torch.randperm(len(x))
        for batch in order.split(inputs["batch"]) if len(x) else ():
            model.zero_grad()
            loss = nn.functional.cross_entropy(model(x[batch]), y[batch])
            loss.backward()
            step(model, velocities, inputs["lr"])
            losses.append(loss.item())
    weights = {name: value.detach().clone() for name, value in model.state_dict().items()}
    return {"losses": torch.tensor(np.array(losses)), "weights": weights}


@stage("evaluate")
def evaluate(x, weights):
    hidden = torch.tanh(x @ weights["0.weight"].T + weights["0.bias"])
    return hidden @ weights["2.weight"].T + weights["2.bias"]


def run(inputs):
    x = prepare(inputs["x"])
    y = torch.tensor(inputs["y"])
    trained = train(x, y, inputs)
    logits = evaluate(x, trained["weights"])
    accuracy = (logits.argmax(dim=1) == y).double().mean().item()
    return {"accuracy": accuracy, "final_loss": trained["losses"][-1].item(), "logits": logits}
