"""From a validated request to its response: prompts, rounds of generation, results."""
