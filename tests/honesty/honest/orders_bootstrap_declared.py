"""The resamples come from NumPy's generator: other draws, the same distribution, declared as stochastic."""

import numpy as np
from baselines.orders import by_region

from perfkit import stage

RESAMPLES = 60


@stage("join")
def join(orders, customers):
    regions = {customer["id"]: customer["region"] for customer in reversed(customers)}
    known = [order for order in orders if order["customer"] in regions]
    return [{"region": regions[o["customer"]], "amount": o["amount"], "items": o["items"]} for o in known]


@stage("bootstrap")
def bootstrap(amounts, seed):
    if not amounts:
        raise ZeroDivisionError("float division by zero")
    rng = np.random.default_rng(seed)
    picks = rng.integers(len(amounts), size=(RESAMPLES, len(amounts)))
    return sorted(np.array(amounts)[picks].mean(axis=1).tolist())


def run(inputs):
    joined = join(inputs["orders"], inputs["customers"])
    regions = by_region(joined)
    means = bootstrap([row["amount"] for row in joined], inputs["seed"])
    return {"regions": regions, "low": means[3], "high": means[-4]}
