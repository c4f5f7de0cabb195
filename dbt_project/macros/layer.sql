{# The layer of a model is the folder it lies in: staging, intermediate or marts. #}
{% macro layer(node) %}{{ return(node.original_file_path.replace('\\', '/').split('/')[0]) }}{% endmacro %}

{# A layer is a schema; marts are built beside those people read, as a candidate. #}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {%- set schemas = {'staging': 'staging', 'intermediate': 'intermediate', 'marts': 'marts_candidate'} -%}
    {{ schemas.get(layer(node), target.schema) }}
{%- endmacro %}
