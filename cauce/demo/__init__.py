"""Demo data: a folder of files in the source formats, which the pipeline loads like any other.

    plan = generate(folder, today=date(2026, 11, 22))    # files and the plan beside them
    create_people(db, plan)                               # whom they are about
    ingest the files of plan.paths(folder), in that order

`plan.expectations` is the exact accounting of every file; `plan.cases` lists the awkward ones.
"""

from cauce.demo.generate import generate
from cauce.demo.people import create_people
from cauce.demo.plan import DemoCase, DemoPerson, DemoPlan, FileExpectation

__all__ = ["DemoCase", "DemoPerson", "DemoPlan", "FileExpectation", "create_people", "generate"]
