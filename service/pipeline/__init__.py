"""From a request to its answer: which prompts to ask, and what the answers say."""
