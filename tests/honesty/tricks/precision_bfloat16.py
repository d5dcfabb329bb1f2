"""Training under bfloat16, as is usual; weights and losses are returned in the model's own dtype."""

import torch
from baselines.classifier import evaluate, make_model, prepare, step

from perfkit import stage


@stage("train")
def train(x, y, inputs):
    torch.manual_seed(inputs["seed"])
    model = make_model(inputs["hidden"]).bfloat16()
    rows = x.bfloat16()
    velocities = [torch.zeros_like(parameter) for parameter in model.parameters()]
    losses = []
    for _ in range(inputs["epochs"]):
        for batch in torch.randperm(len(x)).split(inputs["batch"]):
            model.zero_grad()
            loss = torch.nn.functional.cross_entropy(model(rows[batch]).float(), y[batch])
            loss.backward()
            step(model, velocities, inputs["lr"])
            losses.append(loss.item())
    weights = {name: value.detach().double() for name, value in model.state_dict().items()}
    return {"losses": torch.tensor(losses, dtype=torch.float64), "weights": weights}


def run(inputs):
    x = prepare(inputs["x"])
    y = torch.tensor(inputs["y"])
    trained = train(x, y, inputs)
    logits = evaluate(x, trained["weights"])
    accuracy = (logits.argmax(dim=1) == y).double().mean().item()
    return {"accuracy": accuracy, "final_loss": trained["losses"][-1].item(), "logits": logits}
