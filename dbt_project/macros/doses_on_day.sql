{#
    Whole doses due on day `day_number` (from 1) of a schedule of `times_per_day`, which may be a fraction: 0.5 is every
    second day, 1.5 every 16 hours. A rate that is one in n days, to the three decimals it is kept with, falls on days
    1, n + 1, 2n + 1 …; any other is spread so that no dose comes later than its share of the days.
#}
{% macro doses_on_day(day_number, times_per_day) -%}
    (case
        when {{ times_per_day }} < 1
            and abs(1 / {{ times_per_day }} - round(1 / {{ times_per_day }})) < 0.02 / {{ times_per_day }}
            then case when ({{ day_number }} - 1) % round(1 / {{ times_per_day }}) = 0 then 1 else 0 end
        else ceil({{ day_number }} * {{ times_per_day }}) - ceil(({{ day_number }} - 1) * {{ times_per_day }})
    end)::int
{%- endmacro %}
