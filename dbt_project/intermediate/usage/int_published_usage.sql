-- depends_on: {{ ref('stg_users') }}
{{ config(materialized='incremental', incremental_strategy='append') }}

with published as (

    select * from {{ ref('stg_published_usage') }}

),

added as (

    select * from published
    {% if is_incremental() %}
        where posted_month > (select coalesce(max(built.posted_month), '-infinity') from {{ this }} as built)
    {% endif %}

)

select * from added
