{# Pre-hook of facts that never change: those of people who are gone. #}
{% macro forget_people_who_left() %}
    {%- if is_incremental() -%}
        delete from {{ this }} as built
        where not exists (select 1 from {{ ref('stg_users') }} as people where people.user_id = built.user_id)
    {%- endif -%}
{% endmacro %}
