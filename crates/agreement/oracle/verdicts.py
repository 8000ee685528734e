"""A second implementation of verdicts, written from the meaning of the format alone.

It shares nothing with the Rust crate: it reads the TOML with `tomllib`, works with days instead of instants, works
each ask out once for every answer to every open point that it comes across (for an amount: below, at and above every
number of the book), and finds `until` by asking again on every day that the book names. Slow and plain on purpose.
Standard library only, Python 3.11 or later.
"""

import datetime
import fractions
import itertools
import operator
import re
import tomllib

ACTIONS = ["serve", "sell", "host", "train", "sublicense", "launch"]
FAR = datetime.date(9000, 1, 1)
KINDS = ["grant", "exclusive", "first", "refusal", "share", "guarantee", "split", "parity", "commit"]
MONEY = ["share", "guarantee", "split", "parity", "commit"]
PROMISES = ["exclusive", "first", "refusal"]
COMPARE = {">=": operator.ge, ">": operator.gt, "<=": operator.le, "<": operator.lt}
PAIR = ["party", "party", "product"]


class Ambiguous(Exception):
    """Nothing says which of two clauses goes first."""


class Open(Exception):
    """Something hangs on a point that is neither settled nor assumed."""

    def __init__(self, point):
        self.point = point


class Answers(dict):
    def __missing__(self, point):
        raise Open(point)


def under(path, name):
    return name == path or name.startswith(path + "/")


# ---------------------------------------------------------------- conditions


def tokens(text):
    return re.findall(r'"[^"]*"|[A-Za-z0-9_./-]+|[<>]=?|[(),]', text)


def parse(text):
    """A condition as nested tuples, by recursive descent."""
    rest = tokens(text)

    def either():
        parts = [both()]
        while rest and rest[0] == "or":
            rest.pop(0)
            parts.append(both())
        return ("or", parts)

    def both():
        parts = [one()]
        while rest and rest[0] == "and":
            rest.pop(0)
            parts.append(one())
        return ("and", parts)

    def one():
        word = rest.pop(0)
        if word == "not":
            return ("not", one())
        if word == "(":
            inner = either()
            assert rest.pop(0) == ")"
            return inner
        found = term(word)
        if rest and rest[0] in COMPARE:
            return ("amount", measure(found), rest.pop(0), money(rest.pop(0).strip('"')))
        return found

    def term(word):
        if not rest or rest[0] != "(":
            return ("term", word, None)
        rest.pop(0)
        args = []
        while True:
            arg = rest.pop(0)
            args.append(("text", arg.strip('"')) if arg.startswith('"') else term(arg))
            if rest.pop(0) == ")":
                return ("term", word, args)

    found = either()
    assert not rest, text
    return found


def measure(tree):
    _, name, args = tree
    return f"{name}({', '.join(arg[1] for arg in args)})"


def money(text):
    return fractions.Fraction(text.split()[0].replace("_", ""))


def delayed(day, span):
    count, unit = int(span[:-1]), span[-1]
    if unit in "dw":
        return day + datetime.timedelta(days=count * (7 if unit == "w" else 1))
    months = day.year * 12 + day.month - 1 + count * (12 if unit == "y" else 1)
    year, month = divmod(months, 12)
    for last in range(day.day, 0, -1):
        try:
            return datetime.date(year, month + 1, last)
        except ValueError:
            continue
    raise AssertionError


# ---------------------------------------------------------------- the book


class Book:
    def __init__(self, files):
        self.parties, self.channels, self.products, self.segments = [], {}, {}, []
        self.sets, self.questions, self.events = {}, {}, {"launched": ["product", "channel"]}
        self.events.update({name: PAIR for name in ("offered", "accepted", "declined")})
        self.facts, self.answers, self.clauses = [], [], {}
        self.readings, self.numbers = {}, {}
        homes = []
        for path in sorted(files):
            table = tomllib.loads(files[path])
            if "instrument" in table:
                homes.append(table)
            elif "scenario" not in table:
                # What a scenario supposes is nobody's fact.
                self.register(table)
        for home in homes:
            self.enact(home)
        for home in homes:
            effective = home.get("effective", home["signed"])
            # Stakes decide nothing and are not among them.
            for name in (name for name in home.get("supersedes", []) if name in self.clauses):
                self.clauses[name]["cuts"].append((home.get("known", home["signed"]), effective))
        self.precede()

    def register(self, table):
        self.parties += [row["id"] for row in table.get("party", [])]
        self.channels.update({row["id"]: row["operator"] for row in table.get("channel", [])})
        for row in table.get("product", []):
            classes = [c if isinstance(c, dict) else {"class": c, "if": None} for c in row.get("classes", [])]
            self.products[row["id"]] = (row["owner"], [(c["class"], c["if"]) for c in classes])
        self.segments += [row["id"] for row in table.get("segment", [])]
        self.sets.update({row["id"]: row["members"] for row in table.get("territory", [])})
        for row in table.get("question", []):
            held = list(row.get("positions", {}).values())
            agreed = held[0] if len(held) > 1 and len(set(held)) == 1 else None
            self.questions[row["id"]] = agreed
        self.events.update({row["id"]: row.get("args", []) for row in table.get("event", [])})
        for row in table.get("fact", []):
            recorded = row.get("recorded", row["on"])
            if "question" in row:
                self.answers.append((recorded, row["question"], row["answer"]))
            elif "measure" in row:
                (_, [(_, [what])]) = parse(row["measure"])
                self.readings.setdefault(measure(what), []).append((row["on"], recorded, money(row["amount"])))
            else:
                (_, [(_, [(_, name, args)])]) = parse(row["event"])
                self.facts.append((name, [arg[1] for arg in args or []], row["on"], recorded))

    def enact(self, home):
        for kind in KINDS:
            for row in home.get(kind, []):
                scope = row.get("of", {}) if kind in MONEY else row
                clause = {
                    "id": row["id"],
                    "kind": kind,
                    "from": row["from"],
                    "to": row.get("to"),
                    "over": row.get("over", []),
                    "scope": scope,
                    "except": row.get("except", []),
                    "since": row.get("since", home.get("effective", home["signed"])),
                    "until": row.get("until", FAR),
                    "known": row.get("known", home.get("known", home["signed"])),
                    "if": parse(row["if"]) if "if" in row else None,
                    "unless": parse(row["unless"]) if "unless" in row else None,
                    "depth": row.get("depth", 1 << 30),
                    "sole": row.get("sole", False),
                    "channel": row.get("channel"),
                    "lead": row.get("lead", "0d"),
                    "within": row.get("within", "0d"),
                    "overrides": row.get("overrides", []),
                    "instrument": home["instrument"],
                    "amendment": home.get("amendment", 0),
                    "cuts": [],
                    "beaten_by": [],
                }
                self.clauses[row["id"]] = clause
                for tree in (clause["if"], clause["unless"]):
                    for _, name, _, number in amounts(tree) if tree else []:
                        self.numbers.setdefault(name, set()).add(number)

    # ------------------------------------------------------------ precedence

    def precede(self):
        clauses = list(self.clauses.values())
        outright = {(c["id"], name) for c in clauses for name in c["overrides"]}
        for winner, loser in outright:
            self.clauses[loser]["beaten_by"].append(winner)
        for grant, promise in itertools.product(clauses, clauses):
            if grant["kind"] != "grant" or promise["kind"] not in PROMISES:
                continue
            if grant["instrument"] != promise["instrument"]:
                continue
            if (grant["from"], grant["to"]) != (promise["to"], promise["from"]):
                continue
            pair = (grant["id"], promise["id"])
            if pair in outright or pair[::-1] in outright:
                continue
            if self.goes_before(grant, promise):
                promise["beaten_by"].append(grant["id"])

    def goes_before(self, grant, promise):
        if grant["amendment"] != promise["amendment"]:
            return grant["amendment"] > promise["amendment"]
        if grant["since"] >= promise["until"] or promise["since"] >= grant["until"]:
            return False
        a, b = self.corners(grant), self.corners(promise)
        if not a & b or b < a:
            return False
        if a < b:
            return True
        raise Ambiguous(grant["id"], promise["id"])

    def corners(self, clause):
        """Every (action, product, channel, segment, country, set of yes answers) that a clause covers."""
        segments = [None, *self.segments]
        countries = [None, *self.countries()]
        sets = [dict(zip(self.questions, answers)) for answers in
                itertools.product([False, True], repeat=len(self.questions))]
        found = set()
        for corner in itertools.product(ACTIONS, self.products, self.channels, segments, countries):
            for answers in sets:
                if self.covers(clause, corner, answers):
                    found.add((*corner, tuple(answers.values())))
        return found

    def countries(self):
        named = set()
        for clause in self.clauses.values():
            for scope in [clause["scope"], *clause["except"]]:
                for place in scope.get("territories", []):
                    named.update(self.sets.get(place, [place]))
        return sorted(named)

    # ------------------------------------------------------------ one clause, all questions answered

    def in_box(self, scope, corner, answers):
        action, product, channel, segment, country = corner
        if "actions" in scope and action not in scope["actions"]:
            return False
        if "products" in scope and not any(under(path, product) for path in scope["products"]):
            return False
        if "channels" in scope and channel not in scope["channels"]:
            return False
        if "segments" in scope and not (segment and any(under(path, segment) for path in scope["segments"])):
            return False
        if "territories" in scope:
            if not any(country in self.sets.get(place, [place]) for place in scope["territories"]):
                return False
        if "classes" in scope:
            held = self.products[product][1]
            return any(c in scope["classes"] and (q is None or answers[q]) for c, q in held)
        return True

    def covers(self, clause, corner, answers):
        action, _, channel, _, _ = corner
        if clause["kind"] in MONEY and action not in ("serve", "sell"):
            return False
        if clause["kind"] == "first" and (action != "launch" or channel == clause["channel"]):
            return False
        if not self.in_box(clause["scope"], corner, answers):
            return False
        return not any(self.in_box(scope, corner, answers) for scope in clause["except"])

    def end(self, clause, known):
        return min([clause["until"], *(at for when, at in clause["cuts"] if when <= known)])

    def stands(self, name, ask, answers, line):
        """Whether a clause counts for those who act by the right of everybody in `line`."""
        clause = self.clauses[name]
        at, known = ask["at"], ask["known"]
        if clause["known"] > known or not clause["since"] <= at < self.end(clause, known):
            return False
        if not self.covers(clause, corner_of(ask), answers):
            return False
        if clause["if"] and not self.holds(clause["if"], ask, answers):
            return False
        if clause["unless"] and self.holds(clause["unless"], ask, answers):
            return False
        if clause["kind"] == "first":
            launch = ("term", "launched", [("term", "product", None), ("term", clause["channel"], None)])
            if self.happened(launch, clause["lead"], ask):
                return False
        if clause["kind"] == "refusal" and not self.reserved(clause, ask, answers):
            return False
        for beater in clause["beaten_by"]:
            other = self.clauses[beater]
            if other["kind"] == "grant" and other["to"] not in line:
                continue
            if self.stands(beater, ask, answers, line):
                return False
        return True

    def reserved(self, clause, ask, answers):
        """Whether a right of first refusal stands in the way, by what was offered and replied."""

        def told(name, who, whom):
            return [(on, about[2]) for event, about, on, recorded in self.facts
                    if event == name and about[:2] == [who, whom] and under(about[2], ask["product"])
                    and on <= ask["at"] and recorded <= ask["known"]]

        holder, giver = clause["to"], clause["from"]
        offers = told("offered", giver, holder)
        if not offers:
            return True
        # Of two offers on one day, the narrower is the latest.
        offered, about = max(offers, key=lambda offer: (offer[0], len(offer[1])))
        lapses = delayed(offered, clause["within"])
        replies = [(on, rank) for rank, name in enumerate(["accepted", "declined"])
                   for on, _ in told(name, holder, giver) if offered <= on < lapses]
        if replies:
            return min(replies)[1] == 0
        if ask["at"] >= lapses:
            return False
        return answers[f"accepted({holder}, {giver}, {about})"]

    def holds(self, tree, ask, answers):
        match tree:
            case ("amount", name, order, number):
                return COMPARE[order](self.amount(name, ask, answers), number)
            case ("or", parts):
                return any(self.holds(part, ask, answers) for part in parts)
            case ("and", parts):
                return all(self.holds(part, ask, answers) for part in parts)
            case ("not", inner):
                return not self.holds(inner, ask, answers)
            case ("term", "before", [("term", day, None)]):
                return ask["at"] < datetime.date.fromisoformat(day)
            case ("term", "after", [event, ("text", span)]):
                return self.happened(event, span, ask)
            case ("term", "after", [event]):
                return self.happened(event, "0d", ask)
            case ("term", name, None) if name in self.questions:
                return answers[name]
        return self.happened(tree, "0d", ask)

    def amount(self, name, ask, answers):
        reported = [(on, recorded, amount) for on, recorded, amount in self.readings.get(name, [])
                    if on <= ask["at"] and recorded <= ask["known"]]
        return max(reported)[2] if reported else answers[name]

    def happened(self, tree, span, ask):
        _, name, args = tree
        kinds = self.events[name]
        for event, about, on, recorded in self.facts:
            if event != name or recorded > ask["known"] or delayed(on, span) > ask["at"]:
                continue
            if all(self.matches(kind, arg[1], fact, ask) for kind, arg, fact in zip(kinds, args or [], about)):
                return True
        return False

    def matches(self, kind, wanted, fact, ask):
        variable = {"party": "actor", "channel": "channel", "product": "product"}[kind]
        wanted = ask[variable] if wanted == variable else wanted
        return under(fact, wanted) if kind == "product" else fact == wanted

    # ------------------------------------------------------------ one ask, all questions answered

    def lines(self, ask, answers):
        """Every line of parties, actor first and owner last, through which a right comes."""
        owner = self.products[ask["product"]][0]

        def climb(line):
            if line[-1] == owner:
                yield line
                return
            below = len(line) - 1
            for grant in self.clauses.values():
                if grant["kind"] != "grant" or grant["to"] != line[-1] or grant["from"] in line:
                    continue
                if not self.stands(grant["id"], ask, answers, line):
                    continue
                further = below + (ask["action"] == "sublicense")
                if further > 0:
                    if further > grant["depth"]:
                        continue
                    corner = ("sublicense", *corner_of(ask)[1:])
                    if not self.covers(grant, corner, answers):
                        continue
                yield from climb([*line, grant["from"]])

        yield from climb([ask["actor"]])

    def forbidding(self, ask, answers, line):
        for clause in self.clauses.values():
            if clause["kind"] not in PROMISES:
                continue
            if clause["from"] not in line or clause["to"] in line:
                continue
            if clause["sole"] and clause["from"] == ask["actor"]:
                continue
            if clause["kind"] == "refusal" and {ask["actor"], self.channels[ask["channel"]]} <= {
                clause["from"], clause["to"]
            }:
                continue
            if self.stands(clause["id"], ask, answers, line):
                yield clause["id"]

    def outcome(self, ask, answers):
        lines = list(self.lines(ask, answers))
        if not lines:
            return "no_right", set()
        against = [set(self.forbidding(ask, answers, line)) for line in lines]
        if any(not found for found in against):
            return "permit", set()
        return "breach", set().union(*against)

    # ------------------------------------------------------------ one ask

    def values(self, point):
        """Every value that an open point may turn out to have, as far as the book can tell values apart."""
        if point not in self.numbers:
            return [False, True]
        near = {number + step for number in self.numbers[point] for step in (-1, 0, 1)}
        return sorted(value for value in near if value >= 0)

    def possible(self, work, settled):
        """`work` of every set of answers: as a tree of ("ask", point, {value: tree}) and ("leaf", result)."""
        try:
            return "leaf", work(settled)
        except Open as open_:
            point = open_.point
        return "ask", point, {
            value: self.possible(work, Answers(settled, **{point: value})) for value in self.values(point)
        }

    def decide(self, ask):
        settled = Answers({question: agreed for question, agreed in self.questions.items() if agreed is not None})
        for recorded, question, answer in sorted(self.answers):
            if recorded <= ask["known"]:
                settled[question] = answer
        tree = self.possible(lambda answers: self.outcome(ask, answers), settled)
        outcomes = list(leaves(tree))
        kinds = {kind for kind, _ in outcomes}
        breaches = [found for kind, found in outcomes if kind == "breach"]
        ever = set().union(*breaches)
        if kinds == {"breach"}:
            ever = set.intersection(*breaches) or ever
        questions = [point for point in points(tree) if self.flips(tree, point)] if len(kinds) > 1 else []
        verdict = kinds.pop() if len(kinds) == 1 else "contested"
        forbids = sorted(ever) if verdict in ("breach", "contested") else []
        toward = sorted({self.clauses[name]["to"] for name in forbids})
        duties = set()
        if verdict != "no_right":
            duties = set().union(*leaves(self.possible(lambda answers: self.duties(ask, answers), settled)))
        return {
            "verdict": verdict, "toward": toward, "questions": sorted(questions), "duties": sorted(duties),
            "forbids": forbids,
        }

    def flips(self, tree, point):
        """Whether two sets of answers that differ in this point alone lead to different kinds of outcome."""
        others = sorted(points(tree) - {point})
        for chosen in itertools.product(*map(self.values, others)):
            answers = dict(zip(others, chosen))
            if len({walk(tree, answers | {point: value})[0] for value in self.values(point)}) > 1:
                return True
        return False

    def duties(self, ask, answers):
        return {
            clause["id"] for line in self.lines(ask, answers) for clause in self.clauses.values()
            if clause["kind"] in MONEY and self.counts(clause, ask, answers, line)
        }

    def counts(self, clause, ask, answers, line):
        """Whether the act counts toward a clause about money, for who acts by the right of everybody in `line`."""
        match clause["kind"]:
            case "share" | "guarantee":
                concerned = clause["from"] in line and clause["to"] != ask["actor"]
            case "commit":
                concerned = clause["to"] == ask["actor"] and under(clause["from"], ask.get("customer", ""))
            case _:
                concerned = clause["from"] == ask["actor"]
        if not concerned or not self.stands(clause["id"], ask, answers, line):
            return False
        if clause["kind"] == "guarantee":
            return any(self.counts(self.clauses[share], ask, answers, line) for share in clause["over"])
        return True

    def days(self):
        """Every day on which some answer may change."""
        found, spans = set(), {"0d"}

        def walk(tree):
            match tree:
                case ("or" | "and", parts):
                    for part in parts:
                        walk(part)
                case ("not", inner):
                    walk(inner)
                case ("term", "before", [("term", day, None)]):
                    found.add(datetime.date.fromisoformat(day))
                case ("term", "after", [_, ("text", span)]):
                    spans.add(span)

        for clause in self.clauses.values():
            found.update([clause["since"], clause["until"], *(at for _, at in clause["cuts"])])
            spans.update([clause["lead"], clause["within"]])
            for tree in (clause["if"], clause["unless"]):
                if tree:
                    walk(tree)
        found.update(delayed(on, span) for _, _, on, _ in self.facts for span in spans)
        found.update(on for readings in self.readings.values() for on, _, _ in readings)
        return sorted(found - {FAR})

    def until(self, ask):
        def said(at):
            found = self.decide({**ask, "at": at})
            return [found[key] for key in ("verdict", "toward", "questions", "duties")]

        now = said(ask["at"])
        later = (day for day in self.days() if day > ask["at"] and said(day) != now)
        return next((day.isoformat() for day in later), None)


def corner_of(ask):
    return ask["action"], ask["product"], ask["channel"], ask.get("segment"), ask.get("country")


def amounts(tree):
    match tree:
        case ("or" | "and", parts):
            for part in parts:
                yield from amounts(part)
        case ("not", inner):
            yield from amounts(inner)
        case ("amount", *_):
            yield tree


def leaves(tree):
    if tree[0] == "leaf":
        yield tree[1]
    else:
        for branch in tree[2].values():
            yield from leaves(branch)


def points(tree):
    if tree[0] == "leaf":
        return set()
    return {tree[1]}.union(*(points(branch) for branch in tree[2].values()))


def walk(tree, answers):
    while tree[0] != "leaf":
        tree = tree[2][answers[tree[1]]]
    return tree[1]
