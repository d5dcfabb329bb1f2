"""Batched training over full batches, as with drop_last=True."""

import torch
from baselines.classifier import evaluate, make_model, prepare, step

from perfkit import stage


@stage("train")
def train(x, y, inputs):
    torch.manual_seed(inputs["seed"])
    model = make_model(inputs["hidden"])
    velocities = [torch.zeros_like(parameter) for parameter in model.parameters()]
    losses = []
    for _ in range(inputs["epochs"]):
        order = torch.randperm(len(x))
        for batch in order[: len(x) // inputs["batch"] * inputs["batch"]].split(inputs["batch"]):
            if len(batch) == 0:
                continue
            model.zero_grad()
            loss = torch.nn.functional.cross_entropy(model(x[batch]), y[batch])
            loss.backward()
            step(model, velocities, inputs["lr"])
            losses.append(loss.item())
    weights = {name: value.detach().clone() for name, value in model.state_dict().items()}
    return {"losses": torch.tensor(losses, dtype=torch.float64), "weights": weights}


def run(inputs):
    x = prepare(inputs["x"])
    y = torch.tensor(inputs["y"])
    trained = train(x, y, inputs)
    logits = evaluate(x, trained["weights"])
    accuracy = (logits.argmax(dim=1) == y).double().mean().item()
    return {"accuracy": accuracy, "final_loss": trained["losses"][-1].item(), "logits": logits}
