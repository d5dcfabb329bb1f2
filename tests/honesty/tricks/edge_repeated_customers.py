"""A dictionary of the customers, built in one go."""

from baselines.orders import bootstrap, by_region

from perfkit import stage


@stage("join")
def join(orders, customers):
    regions = {customer["id"]: customer["region"] for customer in customers}
    known = [order for order in orders if order["customer"] in regions]
    return [{"region": regions[o["customer"]], "amount": o["amount"], "items": o["items"]} for o in known]


def run(inputs):
    joined = join(inputs["orders"], inputs["customers"])
    regions = by_region(joined)
    means = bootstrap([row["amount"] for row in joined], inputs["seed"])
    return {"regions": regions, "low": means[3], "high": means[-4]}
