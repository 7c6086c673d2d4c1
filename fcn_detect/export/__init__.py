"""Models as files that run without PyTorch, each with a report of what that changes."""
