"""Billing: recurring revenue is what moved it, and every month follows the one before."""

from datetime import datetime

from expectations.suites.rules import Rules, always, at_least, filled, no_rows, one_of, one_row_per

KINDS = ("new", "expansion", "reactivation", "contraction", "churn")
MOVED = "mrr_before + new_mrr + expansion_mrr + reactivation_mrr - contraction_mrr - churned_mrr"
PAID = "(SELECT month, currency, sum(mrr) AS mrr, count(*) AS people FROM intermediate.int_mrr_monthly GROUP BY 1, 2)"
OTHER_SUMS = f"""
SELECT 1 FROM {{batch}} AS revenue
LEFT JOIN {PAID} AS paid USING (month, currency)
LEFT JOIN {PAID} AS earlier
  ON earlier.month = revenue.month - interval '1 month' AND earlier.currency = revenue.currency
WHERE (mrr_before, revenue.mrr) <> (coalesce(earlier.mrr, 0), coalesce(paid.mrr, 0))
  OR (paying_people_before, paying_people) <> (coalesce(earlier.people, 0), coalesce(paid.people, 0))
"""  # noqa: S608 - put together from this module
COSTS_DIFFER = """
SELECT 1 FROM (
  SELECT user_id, month, sum(cost_usd) AS cost, sum(events) AS events, sum(unknown_cost_events) AS unknown
  FROM {batch} AS read GROUP BY user_id, month
) AS mart
FULL JOIN (
  SELECT user_id, posted_month AS month, sum(coalesce(total_cost, 0)) AS cost, sum(events) AS events,
    sum(unknown_cost_events) AS unknown
  FROM intermediate.int_billable_usage_daily GROUP BY user_id, posted_month
) AS billable USING (user_id, month)
WHERE (coalesce(mart.cost, 0), coalesce(mart.events, 0), coalesce(mart.unknown, 0))
  <> (coalesce(billable.cost, 0), coalesce(billable.events, 0), coalesce(billable.unknown, 0))
"""
REVENUE_DIFFERS = """
SELECT 1 FROM (SELECT user_id, month, sum(revenue_mxn) AS revenue FROM {batch} AS read GROUP BY user_id, month) AS mart
FULL JOIN intermediate.int_revenue_monthly AS earned USING (user_id, month)
WHERE coalesce(mart.revenue, 0) <> coalesce(plan_revenue_mxn + usage_revenue_mxn, 0)
"""


def suite(_as_of: datetime) -> dict[str, Rules]:
    """The expectations of each mart of the domain, for a candidate that speaks about this instant."""
    return {
        "mrr_movements": [
            *one_row_per("user_id", "month", "currency"),
            *one_of("kind", KINDS),
            *always("moves_by_something", "amount > 0 AND amount = abs(mrr_after - mrr_before)"),
            *always("goes_the_way_its_kind_says", "(kind IN ('contraction', 'churn')) = (mrr_after < mrr_before)"),
            *always("ends_at_zero_when_churned", "(kind = 'churn') = (mrr_after = 0)"),
        ],
        "revenue_monthly": [
            *one_row_per("month", "currency"),
            *at_least(0, "mrr", "arr", "paying_people", "arpu", "people_churn_rate", "mrr_churn_rate"),
            *always("mrr_is_what_moved_it", f"mrr = {MOVED}"),
            *always("arr_is_twelve_months", "arr = 12 * mrr"),
            *no_rows("equals_what_people_pay", OTHER_SUMS),
        ],
        "margin_monthly": [
            *filled("month", "user_id", "provider", "model"),
            *always("margin_is_revenue_less_cost", "(margin_mxn = revenue_mxn - cost_mxn) IS NOT FALSE"),
            *no_rows("costs_what_is_billed", COSTS_DIFFER),
            *no_rows("shares_out_all_revenue", REVENUE_DIFFERS),
        ],
    }
