"""The figures of the paper, each from computed values and in one style.

Each name is imported when it is first used.
"""

__all__: list[str] = []
