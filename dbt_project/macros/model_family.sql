{#
    A model's name without the date of its version, so that what a provider calls by its full name and an application
    by its short one is one model.
#}
{% macro model_family(model) -%}
    regexp_replace(
        regexp_replace(lower({{ model }}), '^(openai|anthropic)/', ''),
        '[-@](\d{4}-\d{2}-\d{2}|\d{8}|latest)$', ''
    )
{%- endmacro %}
