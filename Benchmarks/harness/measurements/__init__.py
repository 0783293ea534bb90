"""One module a question. Each has `run(bench)`, where bench holds the options, the processors and the report."""
