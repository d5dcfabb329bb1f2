"""Batched training. The evaluation network is built as a fresh copy, and then loaded."""

import torch
from baselines.classifier import make_model, prepare, step

from perfkit import stage


@stage("train")
def train(x, y, inputs):
    torch.manual_seed(inputs["seed"])
    model = make_model(inputs["hidden"])
    velocities = [torch.zeros_like(parameter) for parameter in model.parameters()]
    losses = []
    for _ in range(inputs["epochs"]):
        for batch in torch.randperm(len(x)).split(inputs["batch"]):
            model.zero_grad()
            loss = torch.nn.functional.cross_entropy(model(x[batch]), y[batch])
            loss.backward()
            step(model, velocities, inputs["lr"])
            losses.append(loss.item())
    weights = {name: value.detach().clone() for name, value in model.state_dict().items()}
    return {"losses": torch.tensor(losses, dtype=torch.float64), "weights": weights}


@stage("evaluate")
def evaluate(x, weights, hidden):
    model = make_model(hidden)
    model.load_state_dict(weights)
    return model(x).detach()


def run(inputs):
    x = prepare(inputs["x"])
    y = torch.tensor(inputs["y"])
    trained = train(x, y, inputs)
    logits = evaluate(x, trained["weights"], inputs["hidden"])
    accuracy = (logits.argmax(dim=1) == y).double().mean().item()
    return {"accuracy": accuracy, "final_loss": trained["losses"][-1].item(), "logits": logits}
