-- The texts of lines, in the language of the person.
CREATE OR REPLACE FUNCTION pg_temp.month_text(language text, month date) RETURNS text LANGUAGE sql AS $$
  SELECT CASE language
    WHEN 'en' THEN (ARRAY['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October',
      'November', 'December'])[extract(month FROM month)] || ' ' || extract(year FROM month)
    ELSE (ARRAY['enero', 'febrero', 'marzo', 'abril', 'mayo', 'junio', 'julio', 'agosto', 'septiembre', 'octubre', 'noviembre',
      'diciembre'])[extract(month FROM month)] || ' de ' || extract(year FROM month)
    END
$$;

CREATE OR REPLACE FUNCTION pg_temp.day_text(language text, day date) RETURNS text LANGUAGE sql AS $$
  SELECT extract(day FROM day) || CASE language WHEN 'en' THEN ' ' ELSE ' de ' END || pg_temp.month_text(language, day)
$$;

CREATE OR REPLACE FUNCTION pg_temp.metric_text(language text, metric text) RETURNS text LANGUAGE sql AS $$
  SELECT CASE WHEN language <> 'en' AND metric = 'messages' THEN 'mensajes' ELSE metric END
$$;

-- A whole cycle, or what is left of one (`cycle_days`) from a day on.
CREATE OR REPLACE FUNCTION pg_temp.plan_text(
  language text, plan text, billing_interval text, day date, cycle_end date, cycle_days int, price numeric
) RETURNS text LANGUAGE sql AS $$
  SELECT CASE language
    WHEN 'en' THEN plan || ' plan' || CASE
      WHEN cycle_days IS NOT NULL THEN ', from ' || pg_temp.day_text(language, day) || ' on: ' || (cycle_end - day) || ' of '
        || cycle_days || ' days' || CASE WHEN price < 0 THEN ' given back' ELSE '' END
      WHEN billing_interval = 'month' THEN ', ' || pg_temp.month_text(language, day)
      ELSE ', ' || pg_temp.day_text(language, day) || ' to ' || pg_temp.day_text(language, cycle_end - 1) END
    ELSE 'Plan ' || plan || CASE
      WHEN cycle_days IS NOT NULL THEN ' desde el ' || pg_temp.day_text(language, day) || ': ' || (cycle_end - day) || ' de '
        || cycle_days || ' días' || CASE WHEN price < 0 THEN ' que se devuelven' ELSE '' END
      WHEN billing_interval = 'month' THEN ', ' || pg_temp.month_text(language, day)
      ELSE ', del ' || pg_temp.day_text(language, day) || ' al ' || pg_temp.day_text(language, cycle_end - 1) END
    END
$$;

CREATE OR REPLACE FUNCTION pg_temp.overage_text(language text, metric text, month date) RETURNS text LANGUAGE sql AS $$
  SELECT initcap(pg_temp.metric_text(language, metric)) || CASE language
    WHEN 'en' THEN ' beyond the plan, ' ELSE ' adicionales al plan, ' END || pg_temp.month_text(language, month)
$$;

CREATE OR REPLACE FUNCTION pg_temp.adjustment_text(language text, metric text, month date, over bigint) RETURNS text
LANGUAGE sql AS $$
  SELECT CASE language
    WHEN 'en' THEN 'Adjustment of ' || pg_temp.month_text(language, month) || ': ' || over || ' '
      || pg_temp.metric_text(language, metric) || ' beyond the plan'
    ELSE 'Ajuste de ' || pg_temp.month_text(language, month) || ': ' || over || ' ' || pg_temp.metric_text(language, metric)
      || ' adicionales al plan' END
$$;

CREATE OR REPLACE FUNCTION pg_temp.balance_text(language text, is_used boolean) RETURNS text LANGUAGE sql AS $$
  SELECT CASE
    WHEN language = 'en' AND is_used THEN 'Credit from earlier months'
    WHEN language = 'en' THEN 'Credit carried to the next invoice'
    WHEN is_used THEN 'Saldo a favor de meses anteriores'
    ELSE 'Saldo a favor que pasa a la siguiente factura' END
$$;

CREATE OR REPLACE FUNCTION pg_temp.tax_text(language text, rate numeric) RETURNS text LANGUAGE sql AS $$
  SELECT CASE language WHEN 'en' THEN 'VAT (IVA) ' ELSE 'IVA ' END || trim_scale(rate * 100) || ' %'
$$
