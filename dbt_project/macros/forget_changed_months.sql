{# Pre-hook of the usage facts: months of people whose counters changed, or are gone, since they were counted. #}
{% macro forget_changed_months() %}
    {%- if is_incremental() -%}
        delete from {{ this }} as built
        where not exists (
            select 1 from {{ ref('stg_monthly_usage') }} as counters
            where
                counters.user_id = built.user_id
                and counters.month = built.month
                and counters.counted_at = built.counted_at
        )
    {%- endif -%}
{% endmacro %}
