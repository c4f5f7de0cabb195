-- One row per person who is on the plan now; for admins.
SELECT
    users.email,
    people.status,
    people.valid_from,
    people.amount,
    people.currency,
    people.billing_interval
FROM public.subscriptions AS people
INNER JOIN public.users ON people.user_id = users.id
WHERE people.plan_code = %(plan)s AND tstzrange(people.valid_from, people.valid_to) @> now()
ORDER BY users.email
