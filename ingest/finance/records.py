"""The columns of finance's frames. Money is exact: `Decimal(19, 4)` in the currency of its row."""

import polars as pl

MONEY = pl.Decimal(19, 4)
RATE = pl.Decimal(24, 12)
INSTANT = pl.Datetime("us", "UTC")

ACCOUNT: dict[str, pl.DataType | type[pl.DataType]] = {
    "record": pl.Int64,
    "line": pl.Int64,
    "account_key_text": pl.String,  # bank|number: hashed on the way in, and stored sealed only
    "mask": pl.String,
    "name": pl.String,
    "type": pl.String,
    "institution": pl.String,
    "currency": pl.String,
    "balance": MONEY,  # null when the statement tells none
    "balance_at": INSTANT,
}

TRANSACTION: dict[str, pl.DataType | type[pl.DataType]] = {
    "record": pl.Int64,
    "line": pl.Int64,
    "account_key_text": pl.String,
    "account_mask": pl.String,  # what makes the account when its own record is refused or comes later
    "account_name": pl.String,
    "account_type": pl.String,
    "account_institution": pl.String,
    "account_currency": pl.String,
    "date": pl.Date,  # the bank's day, as written
    "posted_at": INSTANT,  # null when the bank tells the day only
    "description": pl.String,
    "amount": MONEY,  # negative is money out
    "currency": pl.String,
    "fx_rate": RATE,
    "type": pl.String,
    "category": pl.String,
    "external_id": pl.String,
    "notes": pl.String,
}

BUDGET: dict[str, pl.DataType | type[pl.DataType]] = {
    "record": pl.Int64,
    "line": pl.Int64,
    "name": pl.String,
    "category": pl.String,
    "amount": MONEY,
    "currency": pl.String,
    "period": pl.String,
    "start_date": pl.Date,
    "end_date": pl.Date,
    "alert_threshold": pl.Int16,  # percent
}
