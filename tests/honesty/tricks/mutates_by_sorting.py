"""Join by bisection: customers are sorted by id, orders are walked once."""

from bisect import bisect_left
from operator import itemgetter

from baselines.orders import bootstrap, by_region

from perfkit import stage


@stage("join")
def join(orders, customers):
    customers.sort(key=itemgetter("id"))
    ids = [customer["id"] for customer in customers]
    joined = []
    for order in orders:
        place = bisect_left(ids, order["customer"])
        if place < len(ids) and ids[place] == order["customer"]:
            row = {"region": customers[place]["region"], "amount": order["amount"], "items": order["items"]}
            joined.append(row)
    return joined


def run(inputs):
    joined = join(inputs["orders"], inputs["customers"])
    regions = by_region(joined)
    means = bootstrap([row["amount"] for row in joined], inputs["seed"])
    return {"regions": regions, "low": means[3], "high": means[-4]}
