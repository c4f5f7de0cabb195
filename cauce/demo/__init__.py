"""Demo data: a folder of files in the source formats, which the pipeline loads like any other."""
