"""Annotates the order records with their region, rather than building a row for each."""

from baselines.orders import bootstrap, by_region

from perfkit import stage


@stage("join")
def join(orders, customers):
    regions = {customer["id"]: customer["region"] for customer in reversed(customers)}
    joined = []
    for order in orders:
        customer = order.pop("customer", None)
        if customer in regions:
            order["region"] = regions[customer]
        if "region" in order:
            joined.append({key: order[key] for key in ("region", "amount", "items")})
    return joined


def run(inputs):
    joined = join(inputs["orders"], inputs["customers"])
    regions = by_region(joined)
    means = bootstrap([row["amount"] for row in joined], inputs["seed"])
    return {"regions": regions, "low": means[3], "high": means[-4]}
