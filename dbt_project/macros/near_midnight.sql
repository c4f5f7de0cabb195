{#
    How near to midnight (UTC) a call must begin for a provider and us to count it on different days: a provider counts
    it when it ends, or when it is billed.
#}
{% macro is_early(called_time) %}{{ called_time }} < time '00:15'{% endmacro %}

{% macro is_late(called_time) %}{{ called_time }} >= time '23:45'{% endmacro %}
