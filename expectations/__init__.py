"""From operational tables to published marts: build a candidate, audit it, publish it."""
