"""How many operations have answered a success, and which have not.

    python3 proved.py TALLY FLOOR ADDRESS [OPERATION_THAT_IS_LEFT_OUT ...]
"""

import json
import pathlib
import sys

from client import Client


def main(tally, floor, address, *left_out):
    told = json.loads(pathlib.Path(tally).read_text())
    answers = told["answers"]
    asked = Client(address).operations.keys() - set(left_out)
    succeeded = {
        name for name in asked if any(200 <= int(status) < 300 for status in answers.get(name, {}))
    }
    count = sum(sum(statuses.values()) for statuses in answers.values())
    print(f"    {len(succeeded)} of {len(asked)} operations succeeded at least once, in {count} answers")
    for name in sorted(asked - succeeded):
        counted = sorted(answers.get(name, {}).items())
        statuses = ", ".join(f"{count} of {status}" for status, count in counted)
        because = told["refused"].get(name, "no request was made for it")
        # Without a right nobody succeeds; that is not worth a line each.
        if not because.startswith(("401", "403")):
            print(f"    never: {name} ({statuses or 'not asked'}): {because}")
    if len(succeeded) < int(floor):
        print(f"    that is fewer than {floor}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
