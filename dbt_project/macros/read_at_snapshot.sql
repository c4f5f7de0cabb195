{#
    Pre-hook. Rows may be loaded while a build runs; a model that reads operational tables (through staging views)
    reads them as of the snapshot the runner exported, so that all marts speak of the same state and balance.
    A model that reads tables built in this run cannot: they are younger than the snapshot. The transaction is begun anew:
    dbt may have looked something up in the one it had begun, and then it is too late for a snapshot.
#}
{% macro read_at_snapshot() %}
    {%- if execute -%}
        {%- set snapshot = env_var('CAUCE_SNAPSHOT', '') -%}
        {%- set reads = [] -%}
        {%- for id in model.depends_on.nodes -%}
            {%- if graph.nodes.get(id, {}).get('config', {}).get('materialized') == 'view' -%}
                {%- do reads.append(id) -%}
            {%- endif -%}
        {%- endfor -%}
        {%- if snapshot and reads and model.config.materialized != 'view' -%}
            commit;
            begin transaction isolation level repeatable read;
            set transaction snapshot '{{ snapshot }}';
        {%- endif -%}
    {%- endif -%}
{% endmacro %}
