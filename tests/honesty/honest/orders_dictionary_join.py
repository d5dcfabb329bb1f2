"""A dictionary of the customers, one pass for the totals, and the same draws taken in bulk."""

import random

from perfkit import stage

RESAMPLES = 60


@stage("join")
def join(orders, customers):
    regions = {}
    for customer in customers:
        regions.setdefault(customer["id"], customer["region"])  # the first one counts
    return [
        {"region": regions[order["customer"]], "amount": order["amount"], "items": order["items"]}
        for order in orders
        if order["customer"] in regions
    ]


@stage("by_region")
def by_region(joined):
    totals = {region: {"amount": 0.0, "items": 0} for region in sorted({row["region"] for row in joined})}
    for row in joined:
        total = totals[row["region"]]
        total["amount"] += row["amount"]
        total["items"] += row["items"]
    return totals


@stage("bootstrap")
def bootstrap(amounts, seed):
    random.seed(seed)
    n = len(amounts)
    if n == 0:
        raise ZeroDivisionError("float division by zero")
    # random.choices takes int(random() * n) as well: the same draws from the same stream.
    return sorted(sum(random.choices(amounts, k=n)) / n for _ in range(RESAMPLES))


def run(inputs):
    joined = join(inputs["orders"], inputs["customers"])
    regions = by_region(joined)
    means = bootstrap([row["amount"] for row in joined], inputs["seed"])
    return {"regions": regions, "low": means[3], "high": means[-4]}
