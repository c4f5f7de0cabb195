-- The events of a file as they were read; `event_key` is their identity everywhere.
CREATE TEMP TABLE staged_usage (
    record bigint NOT NULL,
    line bigint,
    event_id varchar(255) NOT NULL,
    source varchar(100) NOT NULL,
    event_key uuid GENERATED ALWAYS AS (md5(source || chr(31) || event_id)::uuid) STORED,
    timestamp timestamptz NOT NULL,
    user_email varchar(255),
    agent varchar(255),
    conversation varchar(500),
    provider varchar(100),
    model varchar(255),
    tokens_input bigint NOT NULL,
    tokens_output bigint NOT NULL,
    tokens_cache_read bigint NOT NULL,
    tokens_cache_write bigint NOT NULL,
    tokens_reasoning bigint NOT NULL,
    units jsonb,
    unpriced boolean NOT NULL,
    cost_input numeric(24, 12),
    cost_output numeric(24, 12),
    total_cost numeric(24, 12),
    price_version varchar(100),
    duration bigint,
    success boolean NOT NULL,
    error_message text,
    prompt text,
    completion text,
    content_hash uuid NOT NULL
) ON COMMIT DROP;

-- The results of provider reports as they were read; `report_key` is what a result is of.
CREATE TEMP TABLE staged_report (
    record bigint NOT NULL,
    line bigint,
    report_key uuid NOT NULL,
    provider varchar(100) NOT NULL,
    kind varchar(20) NOT NULL,
    report varchar(50) NOT NULL,
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    model varchar(255),
    item varchar(255),
    grouping varchar(255) NOT NULL,
    dimensions jsonb NOT NULL,
    requests bigint,
    tokens_input bigint,
    tokens_output bigint,
    tokens_cache_read bigint,
    tokens_cache_write bigint,
    units jsonb,
    amount numeric(24, 12),
    currency varchar(3)
) ON COMMIT DROP;

-- Records that take an event back: which one, and whose it must be.
CREATE TEMP TABLE staged_reversal (
    record bigint NOT NULL,
    line bigint,
    source varchar(100) NOT NULL,
    reverses varchar(255) NOT NULL,
    event_key uuid GENERATED ALWAYS AS (md5(source || chr(31) || reverses)::uuid) STORED,
    user_email varchar(255)
) ON COMMIT DROP;
