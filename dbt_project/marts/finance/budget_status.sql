with budget_periods as (

    select * from {{ ref('int_budget_periods') }}

),

daily_transactions as (

    select * from {{ ref('int_transactions_daily') }}

),

spent_in_period as (

    select
        budget_periods.user_id,
        budget_periods.budget_id,
        budget_periods.period_start,
        coalesce(sum(daily_transactions.expense), 0)::numeric(38, 4) as spent
    from budget_periods
    left join daily_transactions
        on
            budget_periods.user_id = daily_transactions.user_id
            and budget_periods.category = daily_transactions.category
            and budget_periods.currency = daily_transactions.currency
            and daily_transactions.transaction_date between budget_periods.period_start and budget_periods.period_end
    group by budget_periods.user_id, budget_periods.budget_id, budget_periods.period_start

),

judged as (

    select
        user_id,
        budget_id,
        budget_periods.name,
        budget_periods.category,
        budget_periods.period,
        period_start,
        budget_periods.period_end,
        budget_periods.currency,
        budget_periods.budgeted,
        spent_in_period.spent,
        (budget_periods.budgeted - spent_in_period.spent)::numeric(38, 4) as remaining,
        (spent_in_period.spent / nullif(budget_periods.budgeted, 0))::numeric(38, 6) as used_ratio,
        case
            when spent_in_period.spent > budget_periods.budgeted then 'exceeded'
            when
                spent_in_period.spent > 0
                and spent_in_period.spent * 100 >= budget_periods.budgeted * budget_periods.alert_threshold
                then 'warning'
            else 'ok'
        end as status,
        budget_periods.today between period_start and budget_periods.period_end as is_current
    from budget_periods
    inner join spent_in_period using (user_id, budget_id, period_start)

)

select * from judged
