-- Published exchange rates as they were read.
CREATE TEMP TABLE staged_fx_rate (
    record bigint NOT NULL,
    line bigint,
    base varchar(3) NOT NULL,
    quote varchar(3) NOT NULL,
    date date NOT NULL,
    source varchar(50) NOT NULL,
    rate numeric(24, 12) NOT NULL
) ON COMMIT DROP;
