with invoices as (

    select * from {{ ref('stg_invoices') }}

),

invoice_lines as (

    select * from {{ ref('stg_invoice_lines') }}

),

-- What is carried between invoices (a credit that names its month) was charged already. A credit note counts
-- in the month in which it is issued: the month it is about may be closed.
charged as (

    select
        invoices.user_id,
        invoices.currency,
        invoice_lines.amount,
        date_trunc(
            'month',
            case invoices.kind
                when 'credit_note' then public.local_date(invoices.user_id, invoices.issued_at)
                else invoices.period_start
            end::timestamp
        )::date as month
    from invoices
    inner join invoice_lines
        on invoices.user_id = invoice_lines.user_id and invoices.invoice_id = invoice_lines.invoice_id
    where
        invoices.status in ('final', 'paid')
        and (
            invoice_lines.kind in ('overage', 'adjustment')
            or (invoice_lines.kind = 'credit' and invoice_lines.applies_to is null)
        )

),

summed as (

    select
        user_id,
        month,
        currency,
        sum(amount)::numeric(38, 12) as amount
    from charged
    group by user_id, month, currency

)

select * from summed
