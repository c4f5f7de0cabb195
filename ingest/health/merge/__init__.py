"""The merge of health records; the steps are the SQL files beside this one."""

from ingest.merge import Merge

MERGE = Merge("health", personal=True)
