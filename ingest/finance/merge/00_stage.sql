-- The records of a file as they were read. `account_key` is a keyed hash of the account's number.

CREATE TEMP TABLE staged_account (
    record bigint NOT NULL,
    line bigint,
    account_key bytea NOT NULL,
    mask varchar(4),
    name varchar(255) NOT NULL,
    type varchar(50) NOT NULL,
    institution varchar(255),
    currency varchar(3) NOT NULL,
    balance numeric(19, 4),
    balance_at timestamptz
) ON COMMIT DROP;

CREATE TEMP TABLE staged_transaction (
    record bigint NOT NULL,
    line bigint,
    account_key bytea NOT NULL,
    account_mask varchar(4),
    account_name varchar(255) NOT NULL,
    account_type varchar(50) NOT NULL,
    account_institution varchar(255),
    account_currency varchar(3) NOT NULL,
    date date NOT NULL,
    posted_at timestamptz,
    description varchar(500) NOT NULL,
    amount numeric(19, 4) NOT NULL,
    currency varchar(3) NOT NULL,
    fx_rate numeric(24, 12),
    type varchar(50) NOT NULL,
    category varchar(100),
    external_id varchar(255) NOT NULL,
    notes text
) ON COMMIT DROP;

CREATE TEMP TABLE staged_budget (
    record bigint NOT NULL,
    line bigint,
    name varchar(255) NOT NULL,
    category varchar(100) NOT NULL,
    amount numeric(19, 4) NOT NULL,
    currency varchar(3) NOT NULL,
    period varchar(50) NOT NULL,
    start_date date NOT NULL,
    end_date date,
    alert_threshold smallint
) ON COMMIT DROP;
