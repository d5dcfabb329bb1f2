"""Revenue by region and a bootstrap interval of the mean order, in plain Python."""

import random
import tracemalloc

from perfkit import stage

REGIONS = ("north", "east", "south", "west", "islands")
RESAMPLES = 60

tracemalloc.start(25)  # where memory goes


def make_inputs(seed: int, *, n: int = 500) -> dict:
    """Draw n orders of about n / 4 customers; some orders name a customer who is gone."""
    rng = random.Random(seed)
    ids = rng.sample(range(10 * n + 10), n // 4 + 1)
    customers = [{"id": one, "region": rng.choice(REGIONS)} for one in ids]
    orders = [
        {
            "customer": rng.choice(ids) if rng.random() < 0.97 else -1,
            "amount": rng.lognormvariate(3.0, 1.0),
            "items": rng.randint(1, 9),
        }
        for _ in range(n)
    ]
    return {"customers": customers, "orders": orders, "seed": rng.randrange(2**31)}


@stage("join")
def join(orders: list[dict], customers: list[dict]) -> list[dict]:
    """Give each order its customer's region (of the first customer with that id)."""
    joined = []
    for order in orders:
        for customer in customers:
            if customer["id"] == order["customer"]:
                row = {"region": customer["region"], "amount": order["amount"], "items": order["items"]}
                joined.append(row)
                break
    return joined


@stage("by_region")
def by_region(joined: list[dict]) -> dict[str, dict]:
    """Sum amounts and items of each region, the regions in alphabetical order."""
    totals: dict[str, dict] = {}
    for region in sorted({row["region"] for row in joined}):
        amount = 0.0
        items = 0
        for row in joined:
            if row["region"] == region:
                amount += row["amount"]
                items += row["items"]
        totals[region] = {"amount": amount, "items": items}
    return totals


@stage("bootstrap")
def bootstrap(amounts: list[float], seed: int) -> list[float]:
    """Return the mean of each resample, sorted."""
    random.seed(seed)
    means = []
    for _ in range(RESAMPLES):
        total = 0.0
        for _ in range(len(amounts)):
            total += amounts[int(random.random() * len(amounts))]
        means.append(total / len(amounts))
    return sorted(means)


def run(inputs: dict) -> dict:
    """Return the totals of the regions and a 90 % interval of the mean order."""
    joined = join(inputs["orders"], inputs["customers"])
    regions = by_region(joined)
    means = bootstrap([row["amount"] for row in joined], inputs["seed"])
    return {"regions": regions, "low": means[3], "high": means[-4]}
