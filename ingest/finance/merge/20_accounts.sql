-- Accounts and their balances. A balance only moves forward in time: an older statement changes nothing. An account that
-- the person has deleted stays as it was.

-- Each statement against the newest balance known before it, in the table or earlier in the file.
WITH known AS (
    SELECT
        s.record,
        a.id IS NULL AND row_number() OVER by_account = 1 AS is_new,
        a.deleted_at IS NOT NULL AS is_deleted,
        coalesce(s.balance_at, '-infinity') AS balance_at,
        greatest(
            coalesce(a.balance_at, '-infinity'),
            coalesce(max(s.balance_at) OVER (by_account ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), '-infinity')
        ) AS known_at
    FROM staged_account AS s
    CROSS JOIN current_load AS l
    LEFT JOIN financial_accounts AS a ON l.owner_id = a.user_id AND s.account_key = a.account_key
    WINDOW by_account AS (PARTITION BY s.account_key ORDER BY s.record)
)

INSERT INTO tally (outcome, records)
SELECT
    CASE
        WHEN k.is_new THEN 'loaded'
        WHEN k.balance_at > k.known_at AND NOT k.is_deleted THEN 'updated'
        ELSE 'duplicate'
    END AS outcome,
    count(*) AS records
FROM known AS k
GROUP BY 1;

-- The newest statement of each account.
INSERT INTO financial_accounts (
    user_id, financial_profile_id, name, type, institution, balance, balance_at, currency, account_mask, account_key,
    last_sync_date, batch_id
)
SELECT DISTINCT ON (s.account_key)
    l.owner_id,
    p.id,
    s.name,
    s.type,
    s.institution,
    coalesce(s.balance, 0) AS balance,
    s.balance_at,
    s.currency,
    s.mask,
    s.account_key,
    s.balance_at AS last_sync_date,
    l.batch_id
FROM staged_account AS s
CROSS JOIN current_load AS l
INNER JOIN financial_profiles AS p ON l.owner_id = p.user_id
ORDER BY s.account_key, s.balance_at DESC NULLS LAST, s.record
ON CONFLICT (user_id, account_key) DO UPDATE
SET
    balance = excluded.balance,
    balance_at = excluded.balance_at,
    last_sync_date = excluded.last_sync_date
WHERE
    excluded.balance_at > coalesce(financial_accounts.balance_at, '-infinity')
    AND financial_accounts.deleted_at IS NULL;

-- Accounts that only transactions tell of: their own record was refused, or is in a file that comes later.
INSERT INTO financial_accounts (
    user_id, financial_profile_id, name, type, institution, currency, account_mask, account_key, batch_id
)
SELECT DISTINCT ON (s.account_key)
    l.owner_id,
    p.id,
    s.account_name,
    s.account_type,
    s.account_institution,
    s.account_currency,
    s.account_mask,
    s.account_key,
    l.batch_id
FROM staged_transaction AS s
CROSS JOIN current_load AS l
INNER JOIN financial_profiles AS p ON l.owner_id = p.user_id
ORDER BY s.account_key, s.record
ON CONFLICT (user_id, account_key) DO NOTHING;
