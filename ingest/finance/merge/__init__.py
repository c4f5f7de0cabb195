"""The merge of finance records; the steps are the SQL files beside this one.

Account numbers never reach the database: an account is found by a keyed hash of its number.
"""

import polars as pl

from cauce.security.envelope import Sealer
from ingest.merge import Merge


def _hide_account_numbers(_kind: str, frame: pl.DataFrame, sealer: Sealer) -> pl.DataFrame:
    if "account_key_text" not in frame.columns:
        return frame
    numbers = frame["account_key_text"].unique().drop_nulls().to_list()
    keys = [r"\x" + sealer.blind_index(number, purpose="financial_accounts.account_key").hex() for number in numbers]
    hidden = pl.col("account_key_text").replace_strict(numbers, keys, return_dtype=pl.String)
    return frame.with_columns(hidden.alias("account_key")).drop("account_key_text")


MERGE = Merge("finance", personal=True, prepare=_hide_account_numbers)
