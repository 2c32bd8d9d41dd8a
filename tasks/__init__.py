"""The language of the tasks: ontologies, instructions, records and their grammar. Pure Python."""
