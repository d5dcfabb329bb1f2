"""One network for all runs, re-initialised in place; its own parameters are the result."""

import torch
from baselines.classifier import make_model, prepare, step

from perfkit import stage

_model = make_model(10)


@stage("train")
def train(x, y, inputs):
    torch.manual_seed(inputs["seed"])
    fresh = make_model(inputs["hidden"])
    _model.load_state_dict(fresh.state_dict())
    velocities = [torch.zeros_like(parameter) for parameter in _model.parameters()]
    losses = []
    for _ in range(inputs["epochs"]):
        for batch in torch.randperm(len(x)).split(inputs["batch"]):
            _model.zero_grad()
            loss = torch.nn.functional.cross_entropy(_model(x[batch]), y[batch])
            loss.backward()
            step(_model, velocities, inputs["lr"])
            losses.append(loss.item())
    return {"losses": torch.tensor(losses, dtype=torch.float64), "weights": _model.state_dict()}


_logits = torch.zeros((4096, 3), dtype=torch.float64)


@stage("evaluate")
def evaluate(x):
    out = _logits[: len(x)] if len(x) <= len(_logits) else torch.empty((len(x), 3), dtype=torch.float64)
    return out.copy_(_model(x).detach())


def run(inputs):
    x = prepare(inputs["x"])
    y = torch.tensor(inputs["y"])
    trained = train(x, y, inputs)
    logits = evaluate(x)
    accuracy = (logits.argmax(dim=1) == y).double().mean().item()
    return {"accuracy": accuracy, "final_loss": trained["losses"][-1].item(), "logits": logits}
