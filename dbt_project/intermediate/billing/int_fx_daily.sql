with rates as (

    select * from {{ ref('stg_fx_rates') }}

),

subscriptions as (

    select * from {{ ref('stg_subscriptions') }}

),

invoices as (

    select * from {{ ref('stg_invoices') }}

),

monthly_usage as (

    select * from {{ ref('stg_monthly_usage') }}

),

wanted_currencies as (

    select currency from subscriptions
    where currency is not null
    union distinct
    select currency from invoices
    union distinct
    select currency from (values ('MXN'), ('USD')) as always_wanted (currency)

),

wanted_days as (

    select day.day::date as day
    from generate_series(
        (
            select
                least(
                    (select min(monthly_usage.month) from monthly_usage),
                    (select min(subscriptions.valid_from)::date - 1 from subscriptions),
                    (select min(invoices.period_start) from invoices)
                )::timestamp
        ),
        ({{ as_of() }} + interval '1 day') at time zone 'UTC',
        interval '1 day'
    ) as day (day)

),

-- The rule for the rate of a day stands in the function, so that invoices and marts cannot disagree.
dated as (

    select
        wanted_currencies.currency,
        wanted_days.day,
        found.rate,
        found.rate_date,
        found.source
    from wanted_currencies
    cross join wanted_days
    cross join lateral public.fx_rate(wanted_currencies.currency, 'MXN', wanted_days.day) as found
    where wanted_currencies.currency = 'MXN' or exists (select 1 from rates)

)

select * from dated
