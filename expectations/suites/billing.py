"""Billing: recurring revenue is what moved it, and every month follows the one before."""

from datetime import datetime

from expectations.suites.rules import Rules, always, at_least, no_rows, one_of, one_row_per

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
    }
