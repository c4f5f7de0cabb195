-- Ends a budget of the person with a day; one that has not begun by then is switched off.
UPDATE public.budgets SET
    end_date = greatest(%(last_day)s::date, start_date),
    is_active = start_date <= %(last_day)s::date
WHERE id = %(id)s
