"""What stands in the prompts of the pipeline; here, as whoever loads the pipeline is instrumented by it."""

CANARY = "canary-prompt"
REFUSED = "refused"
"""In a prompt that the API answers with an error."""
