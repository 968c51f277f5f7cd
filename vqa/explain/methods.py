"""The kinds of maps, by name. Apart from the code that makes them, so that a command can list them at once."""

METHODS = ("attention", "rollout", "relevance", "occlusion")
