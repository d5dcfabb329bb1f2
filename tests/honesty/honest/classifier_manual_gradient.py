"""The gradient of the two layers written out: no autograd graph, the same numbers."""

import torch
from baselines.classifier import evaluate, make_model, prepare

from perfkit import stage


@stage("train")
def train(x, y, inputs):
    torch.manual_seed(inputs["seed"])
    model = make_model(inputs["hidden"])
    weights = {name: value.detach().clone() for name, value in model.state_dict().items()}
    w1, b1, w2, b2 = weights.values()
    velocities = [torch.zeros_like(one) for one in (w1, b1, w2, b2)]
    losses = []
    for _ in range(inputs["epochs"]):
        order = torch.randperm(len(x))
        for start in range(0, len(x), inputs["batch"]):
            batch = order[start : start + inputs["batch"]]
            rows, labels = x[batch], y[batch]
            hidden = torch.tanh(rows @ w1.T + b1)
            logs = torch.log_softmax(hidden @ w2.T + b2, dim=1)
            losses.append(-logs.gather(1, labels[:, None]).mean().item())
            slope = logs.exp()
            slope[torch.arange(len(batch)), labels] -= 1.0
            slope /= len(batch)
            below = (slope @ w2) * (1.0 - hidden**2)
            gradients = (below.T @ rows, below.sum(dim=0), slope.T @ hidden, slope.sum(dim=0))
            for value, velocity, gradient in zip((w1, b1, w2, b2), velocities, gradients, strict=True):
                velocity.mul_(0.9).add_(gradient)
                value.sub_(inputs["lr"] * velocity)
    return {"losses": torch.tensor(losses, dtype=torch.float64), "weights": weights}


def run(inputs):
    x = prepare(inputs["x"])
    y = torch.tensor(inputs["y"])
    trained = train(x, y, inputs)
    logits = evaluate(x, trained["weights"])
    accuracy = (logits.argmax(dim=1) == y).double().mean().item()
    return {"accuracy": accuracy, "final_loss": trained["losses"][-1].item(), "logits": logits}
