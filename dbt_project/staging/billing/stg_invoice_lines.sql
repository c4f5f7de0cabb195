with renamed as (

    -- Columns by name: the build may not read what a line says, and a star would ask for it.
    select
        user_id,
        invoice_id,
        kind,
        amount,
        applies_to
    from {{ source('billing', 'invoice_lines') }}

)

select * from renamed
