"""`join` is called `lookup` here, and sums run backwards: another order of summation."""

import random

from perfkit import stage

RESAMPLES = 60


@stage("lookup")
def lookup(orders, customers):
    regions = {customer["id"]: customer["region"] for customer in reversed(customers)}
    return [
        {"region": regions[order["customer"]], "amount": order["amount"], "items": order["items"]}
        for order in orders
        if order["customer"] in regions
    ]


@stage("by_region")
def by_region(joined):
    groups = {}
    for row in joined:
        groups.setdefault(row["region"], []).append(row)
    return {
        region: {
            "amount": sum(row["amount"] for row in reversed(groups[region])),
            "items": sum(row["items"] for row in groups[region]),
        }
        for region in sorted(groups)
    }


@stage("bootstrap")
def bootstrap(amounts, seed):
    random.seed(seed)
    n = len(amounts)
    draw = random.random
    resamples = ([amounts[int(draw() * n)] for _ in range(n)] for _ in range(RESAMPLES))
    return sorted(sum(reversed(resample)) / n for resample in resamples)


def run(inputs):
    joined = lookup(inputs["orders"], inputs["customers"])
    regions = by_region(joined)
    means = bootstrap([row["amount"] for row in joined], inputs["seed"])
    return {"regions": regions, "low": means[3], "high": means[-4]}
