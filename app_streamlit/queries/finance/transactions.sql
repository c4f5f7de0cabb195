-- One row per transaction of a month, the latest first.
SELECT
    transactions.date,
    transactions.description,
    transactions.category,
    transactions.type,
    transactions.amount,
    transactions.currency,
    accounts.name AS account
FROM public.transactions
LEFT JOIN public.financial_accounts AS accounts
    ON transactions.user_id = accounts.user_id AND transactions.account_id = accounts.id
WHERE
    transactions.date >= %(month)s::date
    AND transactions.date < %(month)s::date + interval '1 month'
    AND transactions.deleted_at IS NULL
    AND accounts.deleted_at IS NULL
ORDER BY transactions.date DESC, transactions.posted_at DESC NULLS LAST, transactions.id DESC
LIMIT %(limit)s
