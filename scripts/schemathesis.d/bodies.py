"""Bodies that differ from one that is known to be right in one thing: of a body that is drawn as a whole
some other part is refused nearly always, and nothing is learned of the rest."""

import re

# What makes a row other than those that are there: `name-12`, `02:00:00:00:00:0c`.
NUMBERED = re.compile(r"(?<=[a-z]-)\d+(?![\w-])|(?<=^thing)\d+$")
ADDRESS = re.compile(r"02:00:00:00:\w\w:\w\w")
NUMBERS = ("fleet_host_id", "email_item_id")


def fresh(body, number):
    """The same body for another row."""

    def other(field, value):
        if field in NUMBERS:
            return number
        if not isinstance(value, str) or field == "worker":
            return value
        value = NUMBERED.sub(str(number), value)
        return ADDRESS.sub("06:{:02x}:{:02x}:{:02x}:00:00".format(*number.to_bytes(3, "big")), value)

    return {field: other(field, value) for field, value in body.items()}


def with_one_change(right, drawn, has_to_be_right, is_right, number):
    """The right body with one thing of the drawn one: a value, or that a field is not there.

    What was drawn to be wrong stays wrong; the whole of what was drawn, when no one thing makes it so.
    """
    changes = [right | {field: drawn[field]} for field in sorted(drawn)]
    if not has_to_be_right:
        without = (field for field in sorted(right) if field not in drawn)
        changes += [{key: value for key, value in right.items() if key != field} for field in without]
    first = number % len(changes) if changes else 0
    for change in changes[first:] + changes[:first]:
        if is_right(change) == has_to_be_right:
            return change
    return drawn
