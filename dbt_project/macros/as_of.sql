{# The instant the build speaks about: set by the runner, else now. Days that have not begun by then do not exist. #}
{% macro as_of() -%}
    {%- set instant = env_var('CAUCE_AS_OF', '') if execute else '' -%}
    {%- if instant -%} timestamptz '{{ instant }}' {%- else -%} now() {%- endif -%}
{%- endmacro %}
