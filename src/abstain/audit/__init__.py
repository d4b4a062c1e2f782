"""What is wrong with a model, why, and what to do about it.

Each name is imported when it is first used.
"""

__all__: list[str] = []
