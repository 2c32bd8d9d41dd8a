"""The tasks' data model: ontologies, prompts, records and their grammars. Pure Python."""
