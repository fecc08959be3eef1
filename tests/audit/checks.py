"""The list of checks. Each module of this folder that has checks adds them to it by a decorator."""
CHECKS = {}


def check(code):
    """Marks a function as the check of the invariant with this code. It takes the Records (and the History, where the invariant is about
    one), and returns how many rows it examined, and a list of what is wrong, in words."""
    def add(function):
        assert code not in CHECKS, f"two checks of {code}"
        CHECKS[code] = function
        return function
    return add
