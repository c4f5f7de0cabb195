{#
    Post-hook, in the transaction that creates the relation. A table that carries a person forces row security:
    `cauce_user` sees the session's person, the other readers a mart names in `meta.readers` see all of it, and
    nobody else anything. Nobody may use the schema before the publication grants it.
#}
{% macro secure() %}
    {%- if execute -%}
        {%- if model.config.materialized == 'view' -%}
            alter view {{ this }} set (security_invoker = true);
        {%- else -%}
            {%- set readers = model.config.get('meta', {}).get('readers', []) -%}
            alter table {{ this }} enable row level security;
            alter table {{ this }} force row level security;
            {{ policy('cauce_transform', 'all', 'true') }}
            {%- for reader in readers %}
                {%- set seen = 'user_id = (select public.current_user_id())' if reader == 'user' else 'true' %}
                {{ policy('cauce_' ~ reader, 'select', seen) }}
                grant select on {{ this }} to cauce_{{ reader }};
            {%- endfor %}
        {%- endif -%}
    {%- endif -%}
{% endmacro %}

{% macro policy(role, command, condition) %}
            drop policy if exists {{ role }}_{{ command }} on {{ this }};
            create policy {{ role }}_{{ command }} on {{ this }} for {{ command }} to {{ role }}
                using ({{ condition }}){{ ' with check (' ~ condition ~ ')' if command == 'all' }};
{%- endmacro %}
