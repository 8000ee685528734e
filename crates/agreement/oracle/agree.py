"""Asks the Rust engine and the second implementation the same things and compares every answer.

    python3 agree.py ASK_PROGRAM [--books N] [--asks N] [--seed N ...] [--example FOLDER]

The full run, some minutes long, is

    cargo build -p abide-agreement --example ask
    python3 crates/agreement/oracle/agree.py target/debug/examples/ask --books 1300 --seed 1 2 3 4 5

ASK_PROGRAM is the built example `ask` of this crate. Exit status 1 at the first difference, with the book and the
ask that show it. Standard library only.
"""

import argparse
import collections
import datetime
import json
import pathlib
import random
import subprocess
import sys
import tomllib

import verdicts

PARTIES = ["lab", "cloud", "rival", "reseller"]
CHANNELS = {"own": "lab", "blue": "cloud", "red": "rival"}
PRODUCTS = ["lab/api/chat", "lab/api/batch", "lab/agent", "cloud/search"]
FAMILIES = [*PRODUCTS, "lab", "lab/api", "cloud"]
CLASSES = ["api", "app"]
SEGMENTS = ["public/schools", "public/defence", "retail"]
GROUPS = [*SEGMENTS, "public"]
PLACES = ["US", "DE", "FR", "EU"]
QUESTIONS = ["one", "two", "three"]
MEASURES = ["spend(lab, blue)", "revenue(lab)", "revenue(cloud, lab/api)"]
NUMBERS = [100, 200, 300]


class Engine:
    def __init__(self, program):
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def call(self, value):
        self.process.stdin.write(json.dumps(value) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())


# ---------------------------------------------------------------- random books


def toml(value):
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (int, datetime.date)):
        return str(value)
    if isinstance(value, str):
        return f"'{value}'" if '"' in value else f'"{value}"'
    if isinstance(value, list):
        return "[" + ", ".join(toml(item) for item in value) + "]"
    return "{ " + ", ".join(f"{key} = {toml(item)}" for key, item in value.items()) + " }"


def table(header, rows):
    return f"[[{header}]]\n" + "".join(f"{key} = {toml(value)}\n" for key, value in rows.items()) + "\n"


def day(rng, first=0, last=24):
    months = rng.randint(first, last)
    return datetime.date(2026 + months // 12, months % 12 + 1, rng.choice([1, 15, 28]))


def some(rng, values):
    return rng.sample(values, rng.randint(1, min(2, len(values))))


def scope(rng, actions, axes):
    found = {}
    if actions and rng.random() < 0.35:
        found["actions"] = some(rng, verdicts.ACTIONS)
        if rng.random() < 0.4 and "sublicense" not in found["actions"]:
            found["actions"].append("sublicense")
    for key, values, odds in [
        ("products", FAMILIES, 0.4), ("classes", CLASSES, 0.3), ("channels", list(CHANNELS), 0.25),
        ("segments", GROUPS, 0.1), ("territories", PLACES, 0.1),
    ]:
        if rng.random() < odds * axes:
            found[key] = some(rng, values)
    return found


def condition(rng, depth=0):
    pick = rng.random()
    if depth < 2 and pick < 0.4:
        word = rng.choice([" and ", " or "])
        return "(" + word.join(condition(rng, depth + 1) for _ in range(2)) + ")"
    if depth < 3 and pick < 0.5:
        return "not " + condition(rng, depth + 1)
    product = rng.choice(["product", *PRODUCTS, "lab"])
    channel = rng.choice(["channel", *CHANNELS])
    return rng.choice([
        *QUESTIONS, rng.choice(QUESTIONS), "verified", amount(rng), amount(rng), f"before({day(rng)})", f"launched({product}, {channel})",
        f'after(verified, "{rng.choice(["0d", "30d", "2w", "1m", "1y"])}")', f"after(launched({product}, {channel}))",
        f"declines({rng.choice(['actor', *PARTIES])}, {product})",
    ])


def amount(rng):
    return f'{rng.choice(MEASURES)} {rng.choice(list(verdicts.COMPARE))} "{rng.choice(NUMBERS)} USD"'


def clause(rng, number, pair, earlier):
    kind = rng.choices(verdicts.KINDS, [10, 12, 4, 8, 4, 0, 1, 1, 2])[0]
    start, end = rng.sample(pair, 2)
    # Most products are the lab's, so what it gives and promises is met most often.
    if end == "lab" and rng.random() < 0.6:
        start, end = end, start
    row = {"id": f"c{number}", "from": start, "to": end}
    if kind in verdicts.MONEY:
        row.update(money(rng, kind, row))
    else:
        row.update(scope(rng, kind != "first", 1))
    if kind == "first":
        row.update({"channel": rng.choice(list(CHANNELS)), "lead": rng.choice(["0d", "30d", "2m"])})
    if kind == "refusal":
        row["within"] = rng.choice(["10d", "30d", "2m", "1y"])
    if kind == "exclusive" and rng.random() < 0.2:
        row["sole"] = True
    if kind == "grant" and rng.random() < 0.3:
        row["depth"] = rng.randint(0, 2)
    carved = [scope(rng, True, 1.5) for _ in range(rng.randint(0, 2))]
    if any(carved):
        row["except"] = [box for box in carved if box]
    if rng.random() < 0.4:
        row["since"] = day(rng, 0, 12)
    if kind == "commit" or rng.random() < 0.4:
        row["until"] = day(rng, 13, 24)
    for key in ("if", "unless"):
        if rng.random() < 0.25:
            row[key] = condition(rng)
    if rng.random() < 0.15:
        row["known"] = day(rng)
    if earlier and rng.random() < 0.2:
        row["overrides"] = [rng.choice(earlier)]
    text = table(kind, row)
    if kind == "share" and rng.random() < 0.5:
        least = {"id": f"{row['id']}-least", "from": start, "to": end, "over": [row["id"]], "every": "month"}
        least |= {"minimum": "5 USD"} | ({"since": day(rng, 0, 12)} if rng.random() < 0.5 else {})
        text += table("guarantee", least | ({"if": condition(rng)} if rng.random() < 0.3 else {}))
    return text


def money(rng, kind, row):
    if kind == "split":
        last = {"to": row.pop("to"), "remainder": True}
        terms = {"every": "month", "steps": [{"to": row["from"], "rate": "10%"}, last]}
    elif kind == "commit":
        terms = {"total": "1_000 USD"}
    elif kind == "parity":
        terms = {"every": "month", "against": [{"at_most": "10"}]}
    else:
        terms = {"rate": "20%", "every": "month"}
    return terms | {"of": scope(rng, False, 1)}


def registry(rng, refusals):
    out = 'book = "random"\nself = "lab"\n' + rng.choice(["", 'zone = "America/Los_Angeles"\n', 'zone = "UTC"\n'])
    out += "".join(table("party", {"id": party}) for party in PARTIES)
    out += "".join(table("channel", {"id": c, "operator": o}) for c, o in CHANNELS.items())
    for product in PRODUCTS:
        row = {"id": product, "owner": product.split("/")[0]}
        classes = [{"class": c, "if": rng.choice(QUESTIONS)} if rng.random() < 0.5 else c
                   for c in CLASSES if rng.random() < 0.7]
        if classes:
            row["classes"] = classes
        out += table("product", row)
    # A class must be some product's for a clause to name it.
    out += table("product", {"id": "rival/other", "owner": "rival", "classes": CLASSES})
    out += "".join(table("segment", {"id": segment}) for segment in SEGMENTS)
    out += table("territory", {"id": "EU", "members": ["DE", "FR"]})
    for question in QUESTIONS:
        row = {"id": question, "ask": "?"}
        if rng.random() < 0.5:
            row["positions"] = {party: rng.random() < 0.5 for party in rng.sample(PARTIES, 2)}
        out += table("question", row)
    out += table("event", {"id": "verified", "ask": "?"})
    out += table("event", {"id": "declines", "args": ["party", "product"], "ask": "?"})
    out += "".join(table("fact", row) for row in offers(rng, refusals))
    answered = set()
    for _ in range(rng.randint(0, 5)):
        on = day(rng, 0, 18)
        row = rng.choice([
            {"event": "verified"},
            {"event": f"launched({rng.choice(FAMILIES)}, {rng.choice(list(CHANNELS))})"},
            {"event": f"declines({rng.choice(PARTIES)}, {rng.choice(FAMILIES)})"},
            {"question": rng.choice(QUESTIONS), "answer": rng.random() < 0.5},
            {"measure": rng.choice(MEASURES), "amount": f"{rng.choice([0, 50, 100, 150, 200, 250, 300, 350])} USD"},
        ])
        row |= {"on": on}
        if rng.random() < 0.5:
            row["recorded"] = max(on, day(rng, 0, 24))
        key = (row.get("question") or row.get("measure"), on if "measure" in row else None, row.get("recorded", on))
        if key[0] and key in answered:
            continue
        answered.add(key)
        out += table("fact", row)
    return out


def offers(rng, refusals):
    """Offers, most of them under a right of first refusal, and replies in time, too late or too early."""
    for _ in range(rng.choice([0, 1, 2, 3]) if refusals else rng.choice([0, 0, 0, 1])):
        giver, holder = rng.choice(refusals) if refusals and rng.random() < 0.8 else rng.sample(PARTIES, 2)
        about, on = rng.choice(FAMILIES), day(rng, 0, 18)
        told = [(f"offered({giver}, {holder}, {about})", on)]
        for _ in range(rng.choice([0, 1, 1, 2])):
            word = rng.choice(["accepted", "declined"])
            later = on + datetime.timedelta(days=rng.choice([-1, 0, 1, 9, 10, 29, 30, 31, 70]))
            told.append((f"{word}({holder}, {giver}, {rng.choice([about, about, rng.choice(FAMILIES)])})", later))
        for event, when in told:
            row = {"event": event, "on": when}
            if rng.random() < 0.3:
                row["recorded"] = when + datetime.timedelta(days=rng.choice([1, 15, 40, 200]))
            yield row


def book(rng):
    files, refusals = {}, []
    earlier = collections.defaultdict(list)
    number = 0
    for at in range(rng.randint(2, 12)):
        others = rng.sample(PARTIES[1:], rng.choice([1, 1, 1, 2]))
        pair = tuple(sorted(["lab", *others] if rng.random() < 0.7 else rng.sample(PARTIES, len(others) + 1)))
        name = "-".join(pair)
        amendment = len([path for path in files if path.startswith(name + "/")])
        head = {"instrument": name, "amendment": amendment, "parties": list(pair), "signed": day(rng, 0, 12)}
        if rng.random() < 0.3:
            head["effective"] = day(rng, 0, 14)
        if rng.random() < 0.15:
            head["known"] = day(rng)
        known = earlier[name]
        if known and rng.random() < 0.4:
            head["supersedes"] = [rng.choice(known)]
        text = "".join(f"{key} = {toml(value)}\n" for key, value in head.items()) + "\n"
        first = number
        for _ in range(rng.choice([1, 1, 1, 1, 2, 3])):
            text += clause(rng, number, pair, known)
            number += 1
        # Only what stands in an earlier file can be superseded.
        earlier[name] = known + [f"c{n}" for n in range(first, number)]
        files[f"{name}/{at}.toml"] = text
        refusals += [(row["from"], row["to"]) for row in tomllib.loads(text).get("refusal", [])]
    return {"book.toml": registry(rng, refusals), **files}


def asks(rng, count, mine):
    """Asks at any time, on the days on which something in the book begins or ends, and around offers."""
    days = mine.days()
    offered = [(on, *about) for name, about, on, _ in mine.facts if name == "offered"]
    for _ in range(count):
        at = rng.choice([day(rng, 0, 26), rng.choice(days)])
        found = {
            "actor": rng.choices(PARTIES, [6, 2, 2, 2])[0],
            "action": rng.choices(verdicts.ACTIONS, [6, 4, 1, 1, 1, 2])[0],
            "product": rng.choice([*PRODUCTS[:3], *PRODUCTS, "rival/other"]), "channel": rng.choice(list(CHANNELS)),
            "at": at, "known": rng.choice([at, day(rng, 0, 26), day(rng, 26, 30)]),
        }
        if offered and rng.random() < 0.3:
            on, giver, _, about = rng.choice(offered)
            found |= {"at": on + datetime.timedelta(days=rng.choice([-1, 0, 5, 10, 29, 30, 59])), "actor": giver}
            found |= {"known": rng.choice([found["at"], found["known"]])}
            found["product"] = rng.choice([p for p in PRODUCTS if verdicts.under(about, p)])
        if rng.random() < 0.3:
            found["customer"] = rng.choice([*PARTIES, "rival/west", "rivals", "somebody"])
        if rng.random() < 0.3:
            found["segment"] = rng.choice(SEGMENTS)
        if rng.random() < 0.3:
            found["country"] = rng.choice(["US", "DE", "JP"])
        yield found


# ---------------------------------------------------------------- comparing


def compare(engine, files, wanted, counts):
    loaded = engine.call({"book": files})
    try:
        mine = verdicts.Book(files)
    except verdicts.Ambiguous as clauses:
        if "ambiguous" not in loaded.get("errors", []):
            fail(files, None, loaded, {"ambiguous": clauses.args})
        counts["ambiguous book"] += 1
        return
    if "errors" in loaded:
        # Terms that a random book got backwards are errors there and plain empty terms here.
        if set(loaded["errors"]) - {"empty-term", "circle"}:
            fail(files, None, loaded, {"ok": True})
        counts["refused book"] += 1
        return
    for ask in wanted(mine):
        theirs = engine.call({key: str(value) for key, value in ask.items()})
        ours = mine.decide(ask) | {"until": mine.until(ask)}
        for key in ("toward", "questions", "duties", "forbids"):
            theirs[key] = sorted(theirs[key])
        if theirs != ours:
            fail(files, ask, theirs, ours)
        counts[ours["verdict"]] += 1
        counts["with duties"] += bool(ours["duties"])
        for point in ours["questions"]:
            counts["on a reply" if "accepted" in point else "on an amount" if "(" in point else "on a question"] += 1


def fail(files, ask, theirs, ours):
    for path, text in files.items():
        print(f"--- {path}\n{text}")
    print("ask:   ", {key: str(value) for key, value in (ask or {}).items()})
    print("engine:", theirs.get("shown", theirs))
    print("oracle:", ours)
    sys.exit(1)


def example(folder):
    root = pathlib.Path(folder)
    files = {path.relative_to(root).as_posix(): path.read_text() for path in root.rglob("*.toml")}
    mine = verdicts.Book(files)
    days = [datetime.date(2019, 1, 1)]
    days += [day for near in mine.days() for day in (near - datetime.timedelta(days=1), near)]
    rows = [
        {"actor": actor, "action": action, "product": product, "channel": channel, "at": at, "known": known}
        for actor in mine.parties for action in ("serve", "sell", "host", "launch") for product in mine.products
        for channel in mine.channels for at in days for known in (at, datetime.date(2026, 11, 20))
    ]
    return files, rows


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("program")
    options.add_argument("--books", type=int, default=300)
    options.add_argument("--asks", type=int, default=20, help="asks of each book")
    options.add_argument("--seed", type=int, nargs="+", default=[1], help="each gives as many books again")
    options.add_argument("--example", help="a folder with a book that is asked on every day that matters in it")
    options = options.parse_args()
    engine, counts = Engine(options.program), collections.Counter()
    if options.example:
        files, rows = example(options.example)
        rng = random.Random(options.seed[0])
        compare(engine, files, lambda _: rng.sample(rows, min(len(rows), 2_000)), counts)
        print("example book:", dict(sorted(counts.items())))
    total = 0
    for seed in options.seed:
        counts.clear()
        for number in range(options.books):
            rng = random.Random(f"{seed}/{number}")
            compare(engine, book(rng), lambda mine: asks(rng, options.asks, mine), counts)
        answered = sum(counts[verdict] for verdict in ("no_right", "breach", "contested", "permit"))
        total += answered
        print(f"{options.books} random books from seed {seed}, {answered} asks agree:", dict(sorted(counts.items())))
    print(f"{total} asks of random books agree, no difference")


if __name__ == "__main__":
    main()
