-- The working tables of one load; they vanish with its transaction.

-- What the merge steps need to know about the load: one row.
CREATE TEMP TABLE current_load (
    batch_id uuid NOT NULL,
    domain text NOT NULL,
    format text NOT NULL,
    format_version integer NOT NULL,
    content_sha256 bytea NOT NULL,
    owner_id uuid,
    create_people boolean NOT NULL,
    only_owner boolean NOT NULL,
    -- Addresses, in lower case, whose people were erased: what names them is ignored.
    erased text[] NOT NULL DEFAULT '{}'
) ON COMMIT DROP;

-- How many records each step brought to which outcome.
CREATE TEMP TABLE tally (
    outcome text NOT NULL,
    records bigint NOT NULL
) ON COMMIT DROP;

-- Records that a step could not merge, to be quarantined with their text.
CREATE TEMP TABLE refused (
    record bigint NOT NULL,
    line bigint,
    column_name text,
    rule text NOT NULL,
    reason text NOT NULL,
    user_id uuid
) ON COMMIT DROP;

-- Refused records with their text, sealed, as they will be kept.
CREATE TEMP TABLE staged_quarantine (
    id uuid NOT NULL,
    record bigint NOT NULL,
    line bigint,
    column_name text,
    rule text NOT NULL,
    reason text NOT NULL,
    user_id uuid,
    raw_sealed bytea NOT NULL,
    raw_hash bytea NOT NULL
) ON COMMIT DROP;
