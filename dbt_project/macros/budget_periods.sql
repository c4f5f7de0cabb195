{# The calendar unit the periods of a budget begin with; a month holds two quincenas. Weeks are ISO weeks. #}
{% macro period_unit(period) -%}
    case {{ period }}
        when 'weekly' then 'week'
        when 'quarterly' then 'quarter'
        when 'yearly' then 'year'
        else 'month'
    end
{%- endmacro %}

{% macro period_step(period) -%}
    case {{ period }}
        when 'weekly' then interval '1 week'
        when 'quarterly' then interval '3 months'
        when 'yearly' then interval '1 year'
        else interval '1 month'
    end
{%- endmacro %}
