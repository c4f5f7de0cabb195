{# The condition is true of every row; a null result fails. #}
{% test holds(model, expression) %}
    select 1 as broken
    from {{ model }}
    where ({{ expression }}) is not true
{% endtest %}
