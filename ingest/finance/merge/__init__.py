"""The merge of finance records; the steps are the SQL files beside this one.

Account numbers never reach the database in plain text: an account is found by a keyed hash of its number, and the
number is sealed to the account's row once there is one.
"""

import polars as pl
import psycopg

from cauce.security.envelope import Place
from ingest.merge import Merge, Withheld

UNSEALED = """
SELECT id, account_key FROM financial_accounts
WHERE user_id = %s AND account_key = ANY(%s) AND account_number_sealed IS NULL
ORDER BY id
"""


def _withhold_account_numbers(_kind: str, frame: pl.DataFrame, withheld: Withheld) -> pl.DataFrame:
    if "account_key_text" not in frame.columns:
        return frame
    numbers = frame["account_key_text"].unique().drop_nulls().to_list()
    keys = [withheld.sealer.blind_index(number, purpose="financial_accounts.account_key") for number in numbers]
    withheld.texts.update(zip(keys, numbers, strict=True))
    written = [r"\x" + key.hex() for key in keys]
    hidden = pl.col("account_key_text").replace_strict(numbers, written, return_dtype=pl.String)
    return frame.with_columns(hidden.alias("account_key")).drop("account_key_text")


def _seal_account_numbers(conn: psycopg.Connection, withheld: Withheld) -> None:
    for account, key in conn.execute(UNSEALED, (withheld.owner, list(withheld.texts))).fetchall():
        number = withheld.texts[key].partition("|")[2]
        place = Place("financial_accounts", "account_number_sealed", withheld.owner, account)
        conn.execute(
            "UPDATE financial_accounts SET account_number_sealed = %s WHERE user_id = %s AND id = %s",
            (withheld.sealer.seal(number, place), withheld.owner, account),
        )


MERGE = Merge("finance", personal=True, prepare=_withhold_account_numbers, seal=_seal_account_numbers)
