-- The owner's medical profile, made with their first file; files of one person are merged one at a time.

SELECT pg_advisory_xact_lock(hashtextextended('health:' || l.owner_id, 0))
FROM current_load AS l
WHERE l.owner_id IS NOT NULL;

INSERT INTO health_profiles (user_id)
SELECT l.owner_id
FROM current_load AS l
WHERE l.owner_id IS NOT NULL
ON CONFLICT (user_id) DO NOTHING;

-- Which zone the owner was in, from when until when.
CREATE TEMP TABLE owner_zones ON COMMIT DROP AS
SELECT
    z.timezone,
    z.valid_from,
    coalesce(lead(z.valid_from) OVER (ORDER BY z.valid_from), 'infinity') AS valid_to
FROM user_timezones AS z
INNER JOIN current_load AS l ON z.user_id = l.owner_id;
