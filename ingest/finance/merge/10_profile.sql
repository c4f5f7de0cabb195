-- The owner's financial profile, made with their first file; files of one person are merged one at a time.

SELECT pg_advisory_xact_lock(hashtextextended('finance:' || l.owner_id, 0))
FROM current_load AS l
WHERE l.owner_id IS NOT NULL;

INSERT INTO financial_profiles (user_id)
SELECT l.owner_id
FROM current_load AS l
WHERE l.owner_id IS NOT NULL
ON CONFLICT (user_id) DO NOTHING;
