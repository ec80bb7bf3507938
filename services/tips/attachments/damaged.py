"""What is said of a file that is not what it seems; repeats nothing of its content."""


class Damaged(Exception):
    """The file breaks the rules of its kind."""
