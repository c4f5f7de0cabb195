{# A population figure over fewer people than this is not shown. #}
{% macro smallest_cell() %}10{% endmacro %}
