-- One row per person who can be billed, with the currency they pay in, or would, and its decimals; for admins.
SELECT
    users.email,
    currencies.code AS currency,
    currencies.minor_units
FROM public.users
LEFT JOIN public.subscriptions AS people
    ON users.id = people.user_id AND tstzrange(people.valid_from, people.valid_to) @> now()
INNER JOIN public.currencies ON coalesce(people.currency, 'MXN') = currencies.code
WHERE users.is_active
ORDER BY users.email
