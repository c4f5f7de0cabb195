with invoices as (

    select * from {{ ref('stg_invoices') }}

),

invoice_lines as (

    select * from {{ ref('stg_invoice_lines') }}

),

charged as (

    select
        invoices.user_id,
        invoices.currency,
        invoice_lines.amount,
        date_trunc('month', invoices.period_start::timestamp)::date as month
    from invoices
    inner join invoice_lines
        on invoices.user_id = invoice_lines.user_id and invoices.invoice_id = invoice_lines.invoice_id
    where
        invoices.status in ('final', 'paid')
        and (
            invoice_lines.kind in ('overage', 'adjustment')
            or (invoices.kind = 'credit_note' and invoice_lines.kind in ('base', 'proration', 'credit'))
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
