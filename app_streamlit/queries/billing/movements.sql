-- One row per person whose plan moved revenue in the month, the largest first; for admins.
SELECT
    users.email,
    moved.kind,
    moved.mrr_before,
    moved.mrr_after,
    moved.amount
FROM marts.mrr_movements AS moved
INNER JOIN public.users ON moved.user_id = users.id
WHERE moved.month = %(month)s AND moved.currency = %(currency)s
ORDER BY moved.amount DESC, users.email
