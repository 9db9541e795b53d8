"""Python sources of migrations: their text comes in, constants and calls with their places go out; nothing is run."""
