-- One row per month and currency: recurring revenue and what moved it, the oldest first.
SELECT
    month,
    currency,
    mrr,
    mrr_before,
    new_mrr,
    expansion_mrr,
    reactivation_mrr,
    contraction_mrr,
    churned_mrr,
    arr,
    arpu,
    paying_people,
    paying_people_before,
    churned_people,
    people_churn_rate,
    mrr_churn_rate
FROM marts.revenue_monthly
ORDER BY currency, month
