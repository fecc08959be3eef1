"""U1 to U3: users."""
import re
from collections import Counter

from checks import check

# The text form of an argon2id hash, version 19, of the reference implementation: parameters, salt and hash in base64 without padding.
ARGON2ID = re.compile(r"\$argon2id\$v=19\$m=\d+,t=\d+,p=\d+\$[A-Za-z0-9+/]+\$[A-Za-z0-9+/]+")


@check("U1")
def addresses_are_unique(records):
    counts = Counter(row["email"] for row in records.users.values())
    found = [f"{count} users have the address {email!r}" for email, count in counts.items() if count > 1]
    found += [f"the address {email!r} is not in its normal form" for email in counts
              if re.search(r"[A-Z]|\A\s|\s\Z", email, re.ASCII) or not email]
    return len(records.users), found


@check("U2")
def passwords_are_kept_as_hashes(records):
    return len(records.users), [f"the password of {user_id} is kept in another form" for user_id, row in records.users.items()
                                if not ARGON2ID.fullmatch(row["password_hash"])]


@check("U3")
def the_log_announces_every_user(records):
    found = []
    for user_id in {**records.users, **records.told["user"]}:
        said, wanted = dict(records.told["user"].get(user_id, {})), {"UserRegistered": 1} if user_id in records.users else {}
        if said != wanted:
            found.append(f"{user_id if wanted else f'{user_id}, who is no user,'} was announced as {said}")
    return len(records.users), found
