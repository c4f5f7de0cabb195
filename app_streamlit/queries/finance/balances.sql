-- One row per account.
SELECT
    name,
    type,
    institution,
    account_mask,
    currency,
    balance,
    balance_at
FROM marts.account_balances
ORDER BY currency, balance DESC, name
