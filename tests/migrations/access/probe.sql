-- What a role can do, tried out and undone. Called by the superuser, who becomes the role for the statement alone.
CREATE SCHEMA probe;

-- The SQLSTATE of each statement when the role runs it; 00000 where it may.
CREATE FUNCTION probe.privileges(as_role text, statements text[]) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
  statement text;
  state text;
  states text[] := '{}';
BEGIN
  FOREACH statement IN ARRAY statements LOOP
    BEGIN
      PERFORM set_config('role', as_role, true);
      EXECUTE statement;
      RAISE EXCEPTION USING ERRCODE = 'PROBE';
    EXCEPTION WHEN OTHERS THEN
      GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE;
      states := states || CASE state WHEN 'PROBE' THEN '00000' ELSE state END;
    END;
  END LOOP;
  RETURN states;
END $$;

-- What the superuser sees by `look` after the role ran `statement` (without `look`: what the role's own query gave).
-- `beforehand` is the superuser's, and undone with the rest.
CREATE FUNCTION probe.attempt(
  as_role text, beforehand text, statement text, look text, OUT state text, OUT told text, OUT seen text[]
) LANGUAGE plpgsql AS $$
BEGIN
  IF beforehand IS NOT NULL THEN
    EXECUTE beforehand;
  END IF;
  PERFORM set_config('role', as_role, true);
  IF look IS NULL THEN
    EXECUTE statement INTO seen;
  ELSE
    EXECUTE statement;
    PERFORM set_config('role', 'none', true);
    EXECUTE look INTO seen;
  END IF;
  RAISE EXCEPTION USING ERRCODE = 'PROBE';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, told = MESSAGE_TEXT;
  state := CASE state WHEN 'PROBE' THEN '00000' ELSE state END;
END $$;
