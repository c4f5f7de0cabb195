{# Of the counters of one month: what is another text when rows of anybody's were loaded, undone or re-priced. #}
{% macro state_of_counters() -%}
    md5(string_agg(user_id::text || counted_at::text, ' ' order by user_id))
{%- endmacro %}

{# Pre-hook of facts of all people together: months in which anybody's counters changed, or are gone. #}
{% macro forget_changed_latencies() %}
    {%- if is_incremental() -%}
        delete from {{ this }} as built
        where not exists (
            select 1 from {{ ref('stg_monthly_usage') }} as counters
            where counters.month = built.month
            having {{ state_of_counters() }} = built.state
        )
    {%- endif -%}
{% endmacro %}
