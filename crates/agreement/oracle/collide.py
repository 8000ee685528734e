"""States the kinds of conflicts a second time, as formulas, and has z3 look for what the engine missed.

    python3 collide.py ASK_PROGRAM [--books N] [--seed N]

ASK_PROGRAM is the built example `ask` of this crate. For each random book, as known on a random day and in a random
window of time,

- no ask outside what the engine lists collides (completeness);
- each listed witness collides, on the answers that are listed with it, and hangs on exactly the points listed;
- on each day of a listed span some ask of its extent collides;
- no smaller ask shows for certain what a listed one shows for certain;
- a commitment is listed for exactly the stages that come up short when as much as one likes is bought wherever z3
  finds a sale that counts and may be made, on each set of answers and for small and large unknown amounts;
- two most favoured prices, or a ring of more, are listed where z3 finds no prices above nothing that keep them.

The formulas come from `docs/agreements.md` and the tables of `verdicts.py`; the engine's way of cutting asks and time
into cells is not used. Exit status 1 at the first difference. Needs `z3-solver`, Python 3.11 or later.
"""

import argparse
import collections
import datetime
import fractions
import itertools
import random
import re
import sys
import time
import tomllib

import z3

import agree
import verdicts

DAYS = (datetime.date(2024, 1, 1).toordinal(), datetime.date(2032, 1, 1).toordinal())
AXES = ["segment", "country", "product", "action", "channel"]


class Ask:
    """An ask whose parts are unknowns; one may be replaced by another."""

    def __init__(self, **parts):
        self.parts = parts

    def __getattr__(self, name):
        return self.parts[name]

    def but(self, **parts):
        return Ask(**{**self.parts, **parts})


class Formulas:
    """What stands, what is held and what collides in one book, as known on one day."""

    def __init__(self, book, files, known):
        self.book, self.known = book, known
        order = [name for path in sorted(files) for name in re.findall(r'^id = "(c\d+)"', files[path], re.M)]
        self.clauses = [book.clauses[name] for name in order if book.clauses[name]["known"] <= known]
        self.values = {
            "segment": [None, *book.segments], "country": [None, *book.countries()],
            "product": list(book.products), "action": verdicts.ACTIONS, "channel": list(book.channels),
        }
        self.ask = Ask(day=z3.Int("day"), **{axis: z3.Int(axis) for axis in AXES})
        self.bounds = [z3.And(getattr(self.ask, axis) >= 0, getattr(self.ask, axis) < len(self.values[axis]))
                       for axis in AXES]
        self.bounds += [self.ask.day >= DAYS[0], self.ask.day < DAYS[1]]
        self.settled = {question: agreed for question, agreed in book.questions.items() if agreed is not None}
        for recorded, question, answer in sorted(book.answers):
            if recorded <= known:
                self.settled[question] = answer
        self.points = {}

    # ------------------------------------------------------------ open points

    def yes(self, name):
        if name in self.settled:
            return z3.BoolVal(self.settled[name])
        return self.points.setdefault(name, z3.Bool(name))

    def amount(self, name, ask):
        reported = [row for row in self.book.readings.get(name, []) if row[1] <= self.known]
        if name not in self.points:
            self.points[name] = z3.Real(name)
        value = self.points[name]
        for on in sorted({on for on, _, _ in reported}):
            latest = max(row for row in reported if row[0] == on)[2]
            value = z3.If(ask.day >= on.toordinal(), z3.RealVal(str(latest)), value)
        return value

    # ------------------------------------------------------------ what stands

    def among(self, axis, ask, wanted):
        numbers = [at for at, value in enumerate(self.values[axis]) if wanted(value)]
        return z3.Or([getattr(ask, axis) == at for at in numbers])

    def in_box(self, scope, ask):
        parts, under = [], verdicts.under
        if "actions" in scope:
            parts.append(self.among("action", ask, lambda value: value in scope["actions"]))
        if "products" in scope:
            parts.append(self.among("product", ask, lambda value: any(under(p, value) for p in scope["products"])))
        if "channels" in scope:
            parts.append(self.among("channel", ask, lambda value: value in scope["channels"]))
        if "segments" in scope:
            parts.append(self.among("segment", ask, lambda value: value is not None and any(
                under(path, value) for path in scope["segments"])))
        if "territories" in scope:
            named = {country for place in scope["territories"] for country in self.book.sets.get(place, [place])}
            parts.append(self.among("country", ask, lambda value: value in named))
        if "classes" in scope:
            held = []
            for at, product in enumerate(self.values["product"]):
                for name, question in self.book.products[product][1]:
                    if name in scope["classes"]:
                        held.append(z3.And(ask.product == at, self.yes(question) if question else True))
            parts.append(z3.Or(held))
        return z3.And(parts)

    def covers(self, clause, ask):
        parts = [self.in_box(clause["scope"], ask)]
        if clause["kind"] in verdicts.MONEY:
            parts.append(self.among("action", ask, lambda value: value in ("serve", "sell")))
        if clause["kind"] == "first":
            parts.append(self.among("action", ask, lambda value: value == "launch"))
            parts.append(z3.Not(self.among("channel", ask, lambda value: value == clause["channel"])))
        parts += [z3.Not(self.in_box(scope, ask)) for scope in clause["except"]]
        return z3.And(parts)

    def live(self, clause, ask):
        end = self.book.end(clause, self.known)
        return z3.And(ask.day >= clause["since"].toordinal(), ask.day < end.toordinal())

    def stands(self, clause, ask, actor, line):
        parts = [self.live(clause, ask), self.covers(clause, ask)]
        if clause["if"]:
            parts.append(self.holds(clause["if"], ask, actor))
        if clause["unless"]:
            parts.append(z3.Not(self.holds(clause["unless"], ask, actor)))
        if clause["kind"] == "first":
            launch = ("term", "launched", [("term", "product", None), ("term", clause["channel"], None)])
            parts.append(z3.Not(self.happened(launch, clause["lead"], ask, actor)))
        if clause["kind"] == "refusal":
            parts.append(self.reserved(clause, ask))
        for name in clause["beaten_by"]:
            other = self.book.clauses[name]
            if other["known"] <= self.known and (other["kind"] != "grant" or other["to"] in line):
                parts.append(z3.Not(self.stands(other, ask, actor, line)))
        return z3.And(parts)

    def holds(self, tree, ask, actor):
        match tree:
            case ("amount", name, order, number):
                return verdicts.COMPARE[order](self.amount(name, ask), z3.RealVal(str(number)))
            case ("or", parts):
                return z3.Or([self.holds(part, ask, actor) for part in parts])
            case ("and", parts):
                return z3.And([self.holds(part, ask, actor) for part in parts])
            case ("not", inner):
                return z3.Not(self.holds(inner, ask, actor))
            case ("term", "before", [("term", day, None)]):
                return ask.day < datetime.date.fromisoformat(day).toordinal()
            case ("term", "after", [event, ("text", span)]):
                return self.happened(event, span, ask, actor)
            case ("term", "after", [event]):
                return self.happened(event, "0d", ask, actor)
            case ("term", name, None) if name in self.book.questions:
                return self.yes(name)
        return self.happened(tree, "0d", ask, actor)

    def happened(self, tree, span, ask, actor):
        _, name, args = tree
        found = []
        for event, about, on, recorded in self.book.facts:
            if event != name or recorded > self.known:
                continue
            parts = [ask.day >= verdicts.delayed(on, span).toordinal()]
            for kind, (_, wanted, *_), fact in zip(self.book.events[name], args or [], about):
                parts.append(self.matches(kind, wanted, fact, ask, actor))
            found.append(z3.And(parts))
        return z3.Or(found)

    def matches(self, kind, wanted, fact, ask, actor):
        if kind == "product":
            if wanted == "product":
                return self.among("product", ask, lambda value: verdicts.under(fact, value))
            return z3.BoolVal(verdicts.under(fact, wanted))
        if kind == "channel" and wanted == "channel":
            return self.among("channel", ask, lambda value: value == fact)
        return z3.BoolVal((actor if kind == "party" and wanted == "actor" else wanted) == fact)

    def reserved(self, clause, ask):
        giver, holder = clause["from"], clause["to"]

        def told(name, who, whom, product):
            return [(on, about[2]) for event, about, on, recorded in self.book.facts
                    if event == name and about[:2] == [who, whom] and verdicts.under(about[2], product)
                    and recorded <= self.known]

        found = []
        for at, product in enumerate(self.values["product"]):
            state = z3.BoolVal(True)
            for offered, about in sorted(told("offered", giver, holder, product), key=lambda o: (o[0], len(o[1]))):
                lapses = verdicts.delayed(offered, clause["within"])
                reply = self.yes(f"accepted({holder}, {giver}, {about})")
                later = z3.If(ask.day >= lapses.toordinal(), z3.BoolVal(False), reply)
                replies = [(on, rank) for rank, name in enumerate(["accepted", "declined"])
                           for on, _ in told(name, holder, giver, product) if offered <= on < lapses]
                if replies:
                    on, rank = min(replies)
                    later = z3.If(ask.day >= on.toordinal(), z3.BoolVal(rank == 0), later)
                state = z3.If(ask.day >= offered.toordinal(), later, state)
            found.append(z3.And(ask.product == at, state))
        return z3.Or(found)

    # ------------------------------------------------------------ what is held

    def permitted(self, line, ask):
        """Somebody has a right, through everybody in `line` or on from its last, that no promise stands against."""
        below = len(line) - 1
        found = [z3.And(self.owned_by(line[-1], ask), z3.Not(self.forbidden(line, ask)))]
        for grant in self.clauses:
            if grant["kind"] == "grant" and grant["to"] == line[-1] and grant["from"] not in line:
                found.append(z3.And(z3.Not(self.owned_by(line[-1], ask)), self.passed(grant, line, below, ask),
                                    self.permitted([*line, grant["from"]], ask)))
        return z3.Or(found)

    def passed(self, grant, line, below, ask):
        """A grant stands for whoever acts through `line`, and may carry so many further ones."""
        sublicense = self.among("action", ask, lambda value: value == "sublicense")
        passing = self.covers(grant, ask.but(action=z3.IntVal(verdicts.ACTIONS.index("sublicense"))))
        deep = z3.If(sublicense, below + 1, below)
        return z3.And(self.stands(grant, ask, line[0], line),
                      z3.Or(deep == 0, z3.And(deep <= min(grant["depth"], 1 << 20), passing)))

    def forbidden(self, line, ask):
        return z3.Or([self.against(promise, line, ask) for promise in self.clauses])

    def against(self, promise, line, ask):
        """A promise of somebody in `line` stands against what the first of them does."""
        giver, holder, actor = promise["from"], promise["to"], line[0]
        if promise["kind"] not in verdicts.PROMISES or giver not in line or holder in line:
            return z3.BoolVal(False)
        if promise["sole"] and giver == actor:
            return z3.BoolVal(False)
        parts = [self.stands(promise, ask, actor, line)]
        if promise["kind"] == "refusal" and actor in (giver, holder):
            among = [name for name, operator in self.book.channels.items() if operator in (giver, holder)]
            parts.append(z3.Not(self.among("channel", ask, lambda value: value in among)))
        return z3.And(parts)

    def owned_by(self, party, ask):
        return self.among("product", ask, lambda value: self.book.products[value][0] == party)

    def right(self, line, ask):
        """A right comes through everybody in `line`, or on from its last, to the owner; the first acts."""
        found = [self.owned_by(line[-1], ask)]
        below = len(line) - 1
        for grant in self.clauses:
            if grant["kind"] != "grant" or grant["to"] != line[-1] or grant["from"] in line:
                continue
            # A line ends where it reaches the owner.
            on = z3.Not(self.owned_by(line[-1], ask))
            found.append(z3.And(on, self.passed(grant, line, below, ask), self.right([*line, grant["from"]], ask)))
        return z3.Or(found)

    # ------------------------------------------------------------ what collides

    def collisions(self):
        """Every (kinds, clauses, actor, formula)."""
        kinds = collections.defaultdict(list)
        for clause in self.clauses:
            kinds[clause["kind"]].append(clause)
        ask = self.ask
        for grant in kinds["grant"]:
            yield "no right", [grant["id"]], grant["to"], self.empty(grant, ask)
            for kind, name in [("exclusive", "grant_into_exclusive"), ("first", "launch_order"),
                               ("refusal", "refusal_bypassed")]:
                for promise in kinds[kind]:
                    if promise["from"] == grant["from"] and promise["to"] != grant["to"]:
                        yield name, [grant["id"], promise["id"]], grant["to"], z3.And(
                            self.stands(grant, ask, grant["to"], [grant["to"]]),
                            self.stands(promise, ask, grant["to"], [grant["to"], grant["from"]]))
            for promise in kinds["exclusive"]:
                if promise["from"] == grant["to"] and promise["to"] != grant["from"]:
                    yield "not_exclusive_in", [promise["id"], grant["id"]], grant["from"], self.not_alone(
                        promise, grant, kinds["exclusive"], ask)
        for one, other in itertools.combinations(kinds["exclusive"], 2):
            if one["from"] == other["from"] and one["to"] != other["to"]:
                yield "exclusive_overlap", [one["id"], other["id"]], one["to"], z3.And(
                    self.stands(one, ask, one["to"], [other["to"], one["from"]]),
                    self.stands(other, ask, one["to"], [one["to"], one["from"]]))
        yield from self.stuck(kinds, ask)
        for payer in self.book.parties:
            shares = [share for share in kinds["share"] if share["from"] == payer]
            if len(shares) > 1:
                yield "rate_stack", [share["id"] for share in shares], payer, z3.And(
                    self.over(shares, payer, ask), self.right([payer], ask))
            yield from self.undercut([one for one in kinds["parity"] if one["from"] == payer], payer, ask)

    def undercut(self, clauses, seller, ask):
        """Most favoured prices of one seller that no price above nothing keeps."""
        sold = z3.And(self.among("action", ask, lambda value: value == "sell"), self.right([seller], ask))
        stands = {one["id"]: self.stands(one, ask, seller, [seller]) for one in clauses}
        rings = Prices(self.book, clauses).rings()
        pairs = [ring for ring in rings if len(ring) == 2]
        for ring in pairs:
            yield "parity", list(ring), seller, z3.And(sold, *(stands[name] for name in ring))
        together = {ring: z3.And([stands[name] for name in ring]) for ring in rings}
        if len(rings) > len(pairs):
            yield "ring", [one["id"] for one in clauses], seller, z3.And(
                sold, z3.Or([together[ring] for ring in rings if len(ring) > 2]),
                z3.Not(z3.Or([together[ring] for ring in pairs])))

    def first_ring(self, ring, seller, ask):
        """Of all sets of prices that cannot be kept, this one is told: the fewest, then the first."""
        clauses = [one for one in self.clauses if one["kind"] == "parity" and one["from"] == seller]
        order = [one["id"] for one in clauses]
        stands = {one["id"]: self.stands(one, ask, seller, [seller]) for one in clauses}

        def rank(names):
            return len(names), [order.index(name) for name in names]

        before = [other for other in Prices(self.book, clauses).rings() if rank(other) < rank(ring)]
        return z3.And(*(stands[name] for name in ring),
                      z3.Not(z3.Or([z3.And([stands[name] for name in other]) for other in before])))

    def empty(self, grant, ask):
        giver, taker = grant["from"], grant["to"]
        return z3.And(self.gives(grant, ask), self.among("product", ask, lambda value: value in self.given(grant)),
                      z3.Not(self.right([taker, giver], ask)), z3.Not(self.hangs_below(grant, ask)))

    def hangs_below(self, grant, ask):
        """A grant to the giver, that may be passed on to the receiver, is empty itself."""
        line = [grant["to"], grant["from"]]
        found = []
        for head in self.clauses:
            if head["kind"] == "grant" and head["to"] == grant["from"] and head["from"] != grant["to"]:
                found.append(z3.And(self.passed(head, line, 1, ask), self.gives(head, ask),
                                    z3.Not(self.right([head["to"], head["from"]], ask))))
        return z3.Or(found)

    def given(self, grant):
        """The products that a grant speaks of: without any named, what its giver owns and was ever given, if anything."""
        found, parties, named = set(), [grant["from"]], grant["scope"].get("products")
        if named is None:
            for party in parties:
                found.update(name for name, (owner, _) in self.book.products.items() if owner == party)
                for head in self.clauses:
                    if head["kind"] == "grant" and head["to"] == party:
                        above = head["scope"].get("products")
                        if above is None and head["from"] not in parties:
                            parties.append(head["from"])
                        found.update(name for name in self.book.products
                                     if any(verdicts.under(path, name) for path in above or []))
        return found if named is None and found else set(self.book.products)

    def gives(self, grant, ask):
        """A grant stands that is no leave."""
        giver, taker = grant["from"], grant["to"]
        leave = [z3.And(self.live(promise, ask), self.covers(promise, ask)) for promise in self.clauses
                 if promise["kind"] in verdicts.PROMISES and (promise["from"], promise["to"]) == (taker, giver)]
        return z3.And(self.stands(grant, ask, taker, [taker]), z3.Not(self.owned_by(giver, ask)),
                      z3.Not(self.owned_by(taker, ask)), z3.Not(z3.Or(leave)))

    def backed_before(self, grant, ask):
        """At an earlier time, while the grant stood, there was a right behind it."""
        days = [day for day in sorted(self.book.days()) if DAYS[0] <= day.toordinal() < DAYS[1]]
        found = []
        for day in days:
            then = ask.but(day=z3.IntVal(day.toordinal()))
            found.append(z3.And(ask.day > day.toordinal(), self.gives(grant, then),
                                self.right([grant["to"], grant["from"]], then)))
        return z3.Or(found)

    def not_alone(self, promise, grant, exclusives, ask):
        licensor, promisor = grant["from"], promise["from"]
        kept = [self.stands(other, ask, licensor, [licensor]) for other in exclusives
                if other["from"] == licensor and other["to"] in (promisor, promise["to"]) and not other["sole"]]
        return z3.And(self.stands(promise, ask, licensor, [promisor]), self.stands(grant, ask, licensor, [promisor]),
                      z3.Not(self.owned_by(promisor, ask)), z3.Not(z3.Or(kept)))

    def stuck(self, kinds, ask):
        def there(channel):
            return ask.but(channel=z3.IntVal(self.values["channel"].index(channel)))

        launch = self.among("action", ask, lambda value: value == "launch")
        for one, other in itertools.combinations(kinds["first"], 2):
            if one["from"] == other["from"] and one["channel"] != other["channel"]:
                giver = one["from"]
                yield "launch_order", [one["id"], other["id"]], giver, z3.And(
                    launch, self.among("channel", ask, lambda value: value == other["channel"]),
                    self.stands(one, ask, giver, [giver]),
                    self.stands(other, there(one["channel"]), giver, [giver]))
        for first, alone in itertools.product(kinds["first"], kinds["exclusive"]):
            if first["from"] == alone["from"] and first["to"] != alone["to"] and not alone["sole"]:
                giver = first["from"]
                yield "launch_order", [first["id"], alone["id"]], giver, z3.And(
                    launch, self.stands(first, ask, giver, [giver]),
                    self.stands(alone, there(first["channel"]), giver, [giver]))

    def over(self, shares, payer, ask):
        rates = [z3.If(self.stands(share, ask, payer, [payer]), z3.RealVal(share["rate"].rstrip("%")), z3.RealVal(0))
                 for share in shares]
        return z3.Sum(rates) > 100


class Prices:
    """Which most favoured prices of one seller cannot be kept together, by asking z3 for prices."""

    def __init__(self, book, clauses):
        self.clauses = {one["id"]: one for one in clauses}
        self.customers = {*book.parties, *(name for one in clauses for row in one["against"]
                                           for name in row.get("customers", []))}
        self.price = {name: z3.Real(f"price of {name}") for name in self.customers}
        self.kept = {}

    def bounds(self, name):
        clause = self.clauses[name]
        for own, other in itertools.product(sorted(self.customers), repeat=2):
            if verdicts.under(clause["to"], own) and not verdicts.under(clause["to"], other):
                row = next((row for row in clause["against"] if any(
                    verdicts.under(path, other) for path in row.get("customers", [other]))), None)
                if row is not None and float(row.get("at_most", "1")) > 0:
                    part = fractions.Fraction(row.get("adjust", "100%").rstrip("%")) / 100
                    yield self.price[own] <= z3.RealVal(str(part)) * self.price[other]

    def can_be_kept(self, names):
        key = frozenset(names)
        if key not in self.kept:
            solver = z3.Solver()
            solver.add([price > 0 for price in self.price.values()])
            for name in names:
                solver.add(list(self.bounds(name)))
            self.kept[key] = solver.check() == z3.sat
        return self.kept[key]

    def rings(self):
        """Every set that cannot be kept and of which none can be left out, each in the order in which it is told."""
        found = []
        for size in range(2, len(self.clauses) + 1):
            for names in itertools.combinations(self.clauses, size):
                if not any(set(ring) < set(names) for ring in found) and not self.can_be_kept(names):
                    found.append(self.around(names))
        return found

    def around(self, names):
        """Each clause after one that compares with its buyer: the first order in which a chain of these alone fails."""
        first, *rest = names
        for order in itertools.permutations(rest):
            ring = (first, *order)
            solver = z3.Solver()
            solver.add([price > 0 for price in self.price.values()])
            for one, other in zip(ring, ring[1:] + ring[:1]):
                buyer = self.clauses[other]["to"]
                above = [bound for bound in self.bounds(one) if any(
                    str(bound.arg(1)).endswith(f"price of {name}") for name in self.customers
                    if verdicts.under(buyer, name))]
                solver.add(above)
            if solver.check() == z3.unsat:
                return ring
        raise Difference(f"no ring: {names}")


# ---------------------------------------------------------------- comparing


class Difference(Exception):
    pass


class Check:
    """One book against what the engine lists."""

    def __init__(self, formulas, window, listed, counts):
        self.formulas, self.window, self.listed, self.counts = formulas, window, listed, counts

    def solve(self, *conditions):
        solver = z3.Solver()
        solver.add(*self.formulas.bounds, *conditions)
        answer = solver.check()
        if answer == z3.unknown:
            raise Difference(f"z3 cannot tell: {solver.reason_unknown()}")
        self.counts["queries"] += 1
        return solver.model() if answer == z3.sat else None

    def inside(self, box):
        ask, of = self.formulas.ask, self.formulas.among
        parts = [of("action", ask, lambda value: value in box["actions"]),
                 of("product", ask, lambda value: value in box["products"]),
                 of("channel", ask, lambda value: value in box["channels"])]
        for axis, key in [("segment", "segments"), ("country", "countries")]:
            if box[key]:
                parts.append(of(axis, ask, lambda value, key=key: value in box[key]))
        return z3.And(parts)

    def span(self, row):
        day = self.formulas.ask.day
        parts = [day >= ordinal(row["from"])] if row["from"] else []
        return z3.And(parts + ([day < ordinal(row["until"])] if row["until"] else []))

    def run(self):
        left = [row for row in self.listed if row["kind"] != "commit_infeasible"]
        for commit in self.formulas.clauses:
            if commit["kind"] == "commit":
                rows = [row for row in self.listed if row["kind"] == "commit_infeasible"
                        and row["clauses"][0] == commit["id"]]
                Vain(self, commit, rows).run()
        for kind, clauses, actor, formula in self.formulas.collisions():
            mine = [row for row in left if belongs(row, kind, clauses, actor)]
            left = [row for row in left if row not in mine]
            told = [z3.And(self.span(row), z3.Or([self.inside(box) for box in row["extent"]])) for row in mine]
            missed = self.solve(formula, self.span(self.window), z3.Not(z3.Or(told)))
            if missed is not None:
                raise Difference(f"missed: {kind} {clauses} of {actor} at {self.shown(missed)}")
            self.counts["none" if not mine else kind] += 1
            for row in mine:
                self.confirm(row, kind, clauses, actor, formula)
        if left:
            raise Difference(f"no such collision: {left[0]}")

    def shown(self, model):
        ask = self.formulas.ask
        found = {axis: self.formulas.values[axis][model.eval(getattr(ask, axis), True).as_long()] for axis in AXES}
        return found | {"day": str(datetime.date.fromordinal(model.eval(ask.day, True).as_long())), "on": model}

    def confirm(self, row, kind, clauses, actor, formula):
        self.counts["witnesses"] += 1
        formula = self.narrowed(row, kind, clauses, formula)
        here = self.at(row["witness"])
        answers = [self.answer(name, text) for name, text in row["where"].items()]
        if row["witness"]["actor"] != actor or self.solve(formula, here, *answers) is None:
            raise Difference(f"no witness: {row}")
        for name, point in list(self.formulas.points.items()):
            other = z3.Const(name + "'", point.sort())
            turned = z3.substitute(formula, (point, other))
            tips = self.solve(here, z3.Xor(formula, turned)) is not None
            if tips != (name in row["depends_on"]):
                raise Difference(f"`{name}` {'tips' if tips else 'does not tip'} {row}")
        for day in self.formulas.book.days():
            if datetime.date.fromisoformat(row["from"]) <= day and (
                not row["until"] or day < datetime.date.fromisoformat(row["until"])
            ) and DAYS[0] <= day.toordinal() < DAYS[1]:
                boxes = z3.Or([self.inside(box) for box in row["extent"]])
                if self.solve(formula, boxes, self.formulas.ask.day == day.toordinal()) is None:
                    raise Difference(f"nothing on {day}: {row}")
        if not row["depends_on"]:
            self.smallest(row, formula)

    def narrowed(self, row, kind, clauses, formula):
        """The formula of the very kind and clauses that are listed."""
        book, ask = self.formulas.book, self.formulas.ask
        if kind == "no right":
            before = self.formulas.backed_before(book.clauses[clauses[0]], ask)
            return z3.And(formula, before if row["kind"] == "term_overhang" else z3.Not(before))
        if kind == "rate_stack":
            return z3.And(formula, self.fewest(row))
        if kind == "ring":
            return z3.And(formula, self.formulas.first_ring(tuple(row["clauses"]), row["witness"]["actor"],
                                                            self.formulas.ask))
        return formula

    def fewest(self, row):
        """These shares are the fewest, the highest first, that come to too much."""
        ask, payer = self.formulas.ask, row["witness"]["actor"]
        shares = [share for share in self.formulas.clauses if share["kind"] == "share" and share["from"] == payer]
        rate = {share["id"]: int(share["rate"].rstrip("%")) for share in shares}
        ranked = sorted(shares, key=lambda share: -rate[share["id"]])
        named = [share for share in ranked if share["id"] in row["clauses"]]
        together = [rate[share["id"]] for share in named]
        if sum(together) <= 100 or sum(together[:-1]) > 100:
            raise Difference(f"not the fewest: {row}")
        first = ranked[:ranked.index(named[-1]) + 1]
        return z3.And([self.formulas.stands(share, ask, payer, [payer]) == (share in named) for share in first])

    def smallest(self, row, formula):
        """No smaller ask shows it for certain on the first day."""
        if row["kind"] in ("no_rights_in", "term_overhang"):
            return
        ask = self.formulas.ask
        points = list(self.formulas.points.values())
        certain = z3.ForAll(points, formula) if points else formula
        first = ask.day == ordinal(row["from"])
        found = self.solve(first, self.smaller(row), certain)
        if found is not None:
            raise Difference(f"smaller than {row}: {self.shown(found)}")

    def smaller(self, row):
        ask, values = self.formulas.ask, self.formulas.values
        witness = [values[axis].index(row["witness"].get(axis)) for axis in AXES]
        smaller = []
        for at, axis in enumerate(AXES):
            same = [getattr(ask, before) == witness[place] for place, before in enumerate(AXES[:at])]
            smaller.append(z3.And(*same, getattr(ask, axis) < witness[at]))
        return z3.Or(smaller)

    def at(self, witness):
        ask, values = self.formulas.ask, self.formulas.values
        parts = [getattr(ask, axis) == values[axis].index(witness.get(axis)) for axis in AXES]
        return z3.And(*parts, ask.day == ordinal(witness["at"]))

    def answer(self, name, text):
        point = self.formulas.points[name]
        if text in ("yes", "no"):
            return point if text == "yes" else z3.Not(point)
        parts = []
        for side in text.split(" and "):
            words, number = side.rsplit(" ", 2)[0], z3.RealVal(side.split()[-2])
            compare = {"at least": ">=", "above": ">", "below": "<", "at most": "<="}[words]
            parts.append(verdicts.COMPARE[compare](point, number))
        return z3.And(parts)


def belongs(row, kind, clauses, actor):
    if kind == "no right":
        return row["kind"] in ("no_rights_in", "term_overhang") and row["clauses"][:1] == clauses
    if kind == "rate_stack":
        return row["kind"] == kind and row["witness"]["actor"] == actor
    if kind == "ring":
        return row["kind"] == "parity" and len(row["clauses"]) > 2 and row["witness"]["actor"] == actor
    return row["kind"] == kind and row["clauses"] == clauses


class Vain:
    """One commitment, with every sale that counts toward it, against the rows that list it."""

    UNKNOWN = [fractions.Fraction(1, 1000), 1, 39, 41, 99, 101, 10**9]

    def __init__(self, check, commit, rows):
        self.check, self.commit, self.rows, self.formulas = check, commit, rows, check.formulas
        self.ask, self.seller = self.formulas.ask, commit["to"]
        self.counts = self.formulas.stands(commit, self.ask, self.seller, [self.seller])
        self.opens = z3.And(self.counts, self.formulas.permitted([self.seller], self.ask))

    def run(self):
        if not {"products", "classes"} & self.commit["scope"].keys():
            if self.rows:
                raise Difference(f"anything may be bought: {self.rows[0]}")
            return
        names = sorted(name for name, point in self.formulas.points.items()
                       if self.hangs_on(point) or name in str(self.commit["if"]) + str(self.commit["unless"]))
        combinations = list(itertools.product(*(self.values(name) for name in names)))
        if len(combinations) > 150:
            self.check.counts["commitments on too many points"] += 1
            return
        tables = [self.short(dict(zip(names, values))) for values in combinations]
        spans = sorted({span for table in tables for span in table})
        matched = collections.defaultdict(list)
        for span in spans:
            clipped = self.clipped(span)
            if clipped:
                truths = {values: span in table for values, table in zip(combinations, tables)}
                matched[self.match(clipped, names, truths)].append(clipped)
        for number, row in enumerate(self.rows):
            if not covers(row, matched[number]):
                raise Difference(f"no such stage: {row}, but {matched[number]}")
            self.check.counts["commit_infeasible"] += 1
            self.check.counts["witnesses"] += 1
        self.check.counts["none"] += not self.rows

    def hangs_on(self, point):
        other = z3.Const(str(point) + "'", point.sort())
        return self.check.solve(z3.Xor(self.opens, z3.substitute(self.opens, (point, other)))) is not None

    def values(self, name):
        if isinstance(self.formulas.points[name], z3.ArithRef):
            numbers = self.formulas.book.numbers[name]
            return sorted({value for number in numbers for value in (number - 1, number, number + 1)})
        return [False, True]

    def given(self, answers):
        points = self.formulas.points
        return z3.And([points[name] == (z3.RealVal(str(value)) if not isinstance(value, bool) else value)
                       for name, value in answers.items()])

    # ------------------------------------------------------------ stages

    def in_force(self, answers):
        """The first day on which it may count, and the first after the last."""
        end = self.formulas.book.end(self.commit, self.formulas.known)
        since = self.commit["since"]
        days = sorted({since, *(day for day in self.formulas.book.days() if since <= day < end)})
        on = [day for day in days if day < end and self.may_count(day, answers)]
        if not on:
            return None
        later = [day for day in days if day > on[-1]]
        return on[0], later[0] if later else end

    def may_count(self, day, answers):
        given = self.maybe(self.commit["if"], day, answers) if self.commit["if"] else (True, False)
        waived = self.maybe(self.commit["unless"], day, answers) if self.commit["unless"] else (False, True)
        return given[0] and waived[1]

    def maybe(self, tree, day, answers):
        """Whether a condition may hold, and whether it may not, when nothing is asked about."""
        match tree:
            case ("or", parts):
                found = [self.maybe(part, day, answers) for part in parts]
                return any(yes for yes, _ in found), all(no for _, no in found)
            case ("and", parts):
                found = [self.maybe(part, day, answers) for part in parts]
                return all(yes for yes, _ in found), any(no for _, no in found)
            case ("not", inner):
                yes, no = self.maybe(inner, day, answers)
                return no, yes
            case ("term", "after", [event, ("text", span)]):
                return self.happened(event, span, day)
            case ("term", "after", [event]):
                return self.happened(event, "0d", day)
            case ("term", name, args) if name not in self.formulas.book.questions and name != "before":
                return self.happened(tree, "0d", day)
        ask = Ask(day=z3.IntVal(day.toordinal()))
        holds = z3.simplify(z3.substitute(self.formulas.holds(tree, ask, self.seller), *(
            (self.formulas.points[name], z3.RealVal(str(value)) if not isinstance(value, bool) else z3.BoolVal(value))
            for name, value in answers.items())))
        return z3.is_true(holds), z3.is_false(holds)

    def happened(self, tree, span, day):
        _, name, args = tree
        yes, no = False, True
        for event, about, on, recorded in self.formulas.book.facts:
            if event != name or recorded > self.formulas.known or verdicts.delayed(on, span) > day:
                continue
            kinds = self.formulas.book.events[name]
            words = [arg[1] for arg in args or []]
            free = [{"party": "actor"}.get(kind, kind) == word for kind, word in zip(kinds, words)]
            fits = all(open_ or (verdicts.under(fact, word) if kind == "product" else fact == word)
                       for kind, word, fact, open_ in zip(kinds, words, about, free))
            if fits:
                yes, no = True, no and any(free)
        return yes, no

    def stages(self, answers):
        """(since, until, amount, whether it lapses), cut to the days on which the commitment may count."""
        force = self.in_force(answers)
        if not force:
            return
        meant = self.commit["until"]
        rows = self.commit["schedule"] or [{"amount": self.commit["total"]}]
        for row in sorted(rows, key=lambda row: row.get("since", self.commit["since"])):
            since, until = max(row.get("since", force[0]), force[0]), min(row.get("until", force[1]), force[1])
            if since < until:
                amount = None if row["amount"] == "unknown" else verdicts.money(row["amount"])
                yield since, until, amount, until < row.get("until", meant)

    def short(self, answers):
        """The stages that come up short, whatever the amounts are that are not known."""
        stages = list(self.stages(answers))
        bought = [self.is_open(since, until, answers) for since, until, *_ in stages]
        unknown = [at for at, stage in enumerate(stages) if stage[2] is None]
        found = None
        for amounts in itertools.product(self.UNKNOWN, repeat=len(unknown)):
            known = dict(zip(unknown, amounts))
            mine = set(self.shortfalls([(*stage[:2], known.get(at, stage[2]), stage[3])
                                        for at, stage in enumerate(stages)], bought))
            found = mine if found is None else found & mine
        return found or set()

    def is_open(self, since, until, answers):
        key = since, until, tuple(sorted(answers.items()))
        self.seen = getattr(self, "seen", {})
        if key not in self.seen:
            self.seen[key] = self.check.solve(self.opens, self.given(answers), self.within(since, until)) is not None
        return self.seen[key]

    def within(self, since, until):
        return z3.And(self.ask.day >= since.toordinal(), self.ask.day < until.toordinal())

    def shortfalls(self, stages, bought):
        """By the rules for commitments, buying without end wherever something may be bought, and else nothing."""
        rolled = carried = fractions.Fraction(0)
        carry, rollover = self.commit["carry"], self.commit["rollover"]
        for at, ((since, until, amount, lapsed), open_) in enumerate(zip(stages, bought)):
            due = max(0, amount + rolled - carried)
            drawn = 10**30 if open_ else 0
            gap, moves = max(0, due - drawn), at + 1 < len(stages) and not lapsed
            rolled = min(gap, rollover * amount) if moves else 0
            carried = min(max(0, drawn - due), carry * amount) if moves else 0
            if gap > rolled and not lapsed:
                yield since, until

    # ------------------------------------------------------------ rows

    def clipped(self, span):
        window = self.check.window
        since, until = span
        if window["from"]:
            since = max(since, datetime.date.fromisoformat(window["from"]))
        if window["until"]:
            until = min(until, datetime.date.fromisoformat(window["until"]))
        return (since, until, *span) if since < until else None

    def match(self, clipped, names, truths):
        """The number of the row that tells a stage, with what it hangs on and the answers."""
        since, until, *span = clipped
        deciding = [name for at, name in enumerate(names) if any(
            truths[values] != truths[values[:at] + (other,) + values[at + 1:]]
            for values in truths for other in self.values(name))]
        for number, row in enumerate(self.rows):
            if not (ordinal(row["from"]) <= since.toordinal() and last(row) >= until.toordinal()):
                continue
            if sorted(row["depends_on"]) != sorted(deciding):
                continue
            fitting = [values for values, truth in truths.items() if truth and self.fits(row, names, values)]
            if fitting and row["from"] == str(since):
                self.confirm(row, span, dict(zip(names, min(fitting))))
            if fitting:
                return number
        raise Difference(f"missed: commit_infeasible {self.commit['id']} in {span} on {deciding}: {truths}")

    def fits(self, row, names, values):
        answers = dict(zip(names, values))
        given = [self.check.answer(name, text) for name, text in row["where"].items()]
        return self.check.solve(self.given(answers), *given) is not None

    def confirm(self, row, span, answers):
        """The witness and the clauses of a row are those of its first stage."""
        where = [self.check.answer(name, text) for name, text in row["where"].items()]
        told = [*where, self.within(*span)]
        ask, values = self.ask, self.formulas.values
        here = z3.And([getattr(ask, axis) == values[axis].index(row["witness"].get(axis)) for axis in AXES])
        counted, hits = self.counts, self.for_all(where, self.counts)
        if self.check.solve(*told, self.counts) is None:
            base = {axis: names for axis, names in self.commit["scope"].items() if axis != "classes"}
            counted = hits = self.formulas.in_box(base | {"actions": ["serve", "sell"]}, ask)
        boxes = z3.Or([self.check.inside(box) for box in row["extent"]])
        wrong = {
            "another seller": row["witness"]["actor"] != self.seller,
            "the witness does not count": self.check.solve(*told, counted, here) is None,
            "a smaller ask": self.check.solve(*told, hits, self.check.smaller(row)) is not None,
            "an ask outside the extent": self.check.solve(*told, hits, z3.Not(boxes)) is not None,
        }
        for promise in self.formulas.clauses:
            if promise["kind"] in verdicts.PROMISES:
                hit = z3.And(self.counts, self.hit(promise, [self.seller]))
                name, listed = promise["id"], promise["id"] in row["clauses"]
                wrong[f"{name} does not forbid"] = listed and self.check.solve(*told, hit) is None
                wrong[f"{name} forbids"] = not listed and self.check.solve(*told, self.for_all(where, hit)) is not None
        for word in (word for word, holds in wrong.items() if holds):
            raise Difference(f"{word}: {row} in {span} on {answers}")

    def for_all(self, where, formula):
        points = list(self.formulas.points.values())
        return z3.ForAll(points, z3.Implies(z3.And(where), formula)) if points else formula

    def hit(self, promise, line):
        """A promise stands against a right through everybody in `line`, or on from its last."""
        formulas, ask = self.formulas, self.ask
        owned = formulas.owned_by(line[-1], ask)
        found = [z3.And(owned, formulas.against(promise, line, ask))]
        for grant in formulas.clauses:
            if grant["kind"] == "grant" and grant["to"] == line[-1] and grant["from"] not in line:
                found.append(z3.And(z3.Not(owned), formulas.passed(grant, line, len(line) - 1, ask),
                                    self.hit(promise, [*line, grant["from"]])))
        return z3.Or(found)


def covers(row, spans):
    """Whether these spans are the row's, without a gap."""
    day = ordinal(row["from"])
    for since, until, *_ in sorted(spans):
        if since.toordinal() > day:
            return False
        day = max(day, until.toordinal())
    return bool(spans) and day == last(row)


def last(row):
    return ordinal(row["until"]) if row["until"] else verdicts.FAR.toordinal()


def ordinal(day):
    return datetime.date.fromisoformat(day).toordinal()


# ---------------------------------------------------------------- random books


def book(rng):
    """A book of the other oracle, with shares that may come to more than the whole, commitments and favoured prices."""
    files = agree.book(rng)
    head = {"parties": agree.PARTIES, "signed": agree.day(rng, 0, 6)}
    if rng.random() < 0.6:
        files["bought/1.toml"] = instrument(head | {"instrument": "bought"}) + "".join(
            purchase(rng, f"c{number}") for number in range(200, 200 + rng.randint(1, 3)))
    if rng.random() < 0.2 and "bought/1.toml" in files:
        later = {"instrument": "bought", "amendment": 1, "signed": agree.day(rng, 7, 18), "supersedes": ["c200"]}
        files["bought/2.toml"] = instrument(head | later)
    if rng.random() < 0.5:
        seller, *buyers = agree.PARTIES if rng.random() < 0.7 else rng.sample(agree.PARTIES, 4)
        files["favoured/1.toml"] = instrument(head | {"instrument": "favoured"}) + "".join(
            favoured(rng, f"c{number}", seller, buyers) for number in range(300, 300 + rng.randint(2, 5)))
    if rng.random() < 0.5:
        payer, *others = rng.sample(agree.PARTIES, 4)
        head = {"instrument": "shares", "parties": agree.PARTIES, "signed": agree.day(rng, 0, 6)}
        text = "".join(f"{key} = {agree.toml(value)}\n" for key, value in head.items()) + "\n"
        for number in range(100, 100 + rng.randint(2, 4)):
            row = {"id": f"c{number}", "from": payer, "to": rng.choice(others), "rate": "20%", "every": "month"}
            if rng.random() < 0.3:
                row["if"] = agree.condition(rng)
            text += agree.table("share", row | {"of": agree.scope(rng, False, 1)})
        files["shares/1.toml"] = text
    for path, text in files.items():
        files[path] = re.sub(r'rate = "20%"', lambda _: f'rate = "{rng.choice([20, 40, 50, 60, 70])}%"', text)
    return files


def instrument(head):
    return "".join(f"{key} = {agree.toml(value)}\n" for key, value in head.items()) + "\n"


def purchase(rng, name):
    """A commitment to buy, mostly of named products, in up to three stages."""
    buyer, seller = rng.sample(agree.PARTIES, 2)
    base = agree.scope(rng, False, 1.2)
    if not {"products", "classes"} & base.keys() and rng.random() < 0.9:
        base["products"] = agree.some(rng, agree.FAMILIES)
    row = {"id": name, "from": buyer, "to": seller, "of": base}
    amounts = ["40 USD", "100 USD", "unknown"] if rng.random() < 0.3 else ["40 USD", "100 USD", "0 USD"]
    if rng.random() < 0.5:
        row["total"] = rng.choice(amounts)
    else:
        days = sorted(rng.sample(range(24), rng.randint(2, 4)))
        days = [datetime.date(2026 + month // 12, month % 12 + 1, 1) for month in days]
        row["schedule"] = [{"since": since, "until": until, "amount": rng.choice(amounts)}
                           for since, until in zip(days, days[1:])]
    for key in ("carry", "rollover"):
        if rng.random() < 0.5:
            row[key] = rng.choice(["20%", "40%", "100%"])
    if rng.random() < 0.2:
        row["except"] = [agree.scope(rng, True, 1.5) or {"products": ["lab"]}]
    for key in ("if", "unless"):
        if rng.random() < 0.2:
            row[key] = agree.condition(rng)
    if rng.random() < 0.5:
        row["until"] = agree.day(rng, 20, 24)
    return agree.table("commit", row)


def favoured(rng, name, seller, buyers):
    """A most favoured price, of some buyers against others."""
    against = []
    for _ in range(rng.randint(0, 2)):
        line = {"adjust": rng.choice(["80%", "90%", "100%", "100%", "105%", "125%"])}
        if rng.random() < 0.7:
            line["customers"] = agree.some(rng, [*buyers, *(f"{buyer}/west" for buyer in buyers)])
        if rng.random() < 0.2:
            line["at_most"] = rng.choice(["0", "10"])
        against.append(line)
    row = {"id": name, "from": seller, "to": rng.choice(buyers), "every": "month"}
    row |= {"against": against} if against else {}
    if rng.random() < 0.4:
        row["of"] = agree.scope(rng, False, 1)
    if rng.random() < 0.2:
        row["if"] = agree.condition(rng)
    return agree.table("parity", row)


def priced(mine, files):
    """What clauses about money say, which verdicts have no use for."""
    for text in files.values():
        table = tomllib.loads(text)
        for kind in ("share", "commit", "parity"):
            for row in table.get(kind, []):
                clause = mine.clauses[row["id"]]
                clause["rate"] = row.get("rate")
                clause["against"] = row.get("against") or [{}]
                clause["schedule"], clause["total"] = row.get("schedule"), row.get("total")
                for key in ("carry", "rollover"):
                    clause[key] = fractions.Fraction(row.get(key, "0%").rstrip("%")) / 100


def compare(engine, rng, counts):
    files = book(rng)
    loaded = engine.call({"book": files})
    if "errors" in loaded:
        counts["refused books"] += 1
        return
    mine = verdicts.Book(files)
    priced(mine, files)
    known = agree.day(rng, 0, 30)
    days = sorted(rng.sample([agree.day(rng, 0, 24) for _ in range(4)], 2))
    window = {"from": rng.choice([None, str(days[0])]), "until": rng.choice([None, None, str(days[1])])}
    if window["from"] and window["from"] == window["until"]:
        window["until"] = None
    listed = engine.call({"conflicts": window | {"known": str(known)}})
    try:
        Check(Formulas(mine, files, known), window, listed, counts).run()
    except Difference as difference:
        for path, text in files.items():
            print(f"--- {path}\n{text}")
        print("known:", known, "window:", window)
        for row in listed:
            print("listed:", row)
        print(difference)
        sys.exit(1)
    counts["books"] += 1
    counts["listed"] += len(listed)


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("program")
    options.add_argument("--books", type=int, default=50)
    options.add_argument("--seed", type=int, default=1)
    options = options.parse_args()
    engine, counts, began = agree.Engine(options.program), collections.Counter(), time.monotonic()
    number = 0
    while counts["books"] < options.books:
        compare(engine, random.Random(f"{options.seed}/conflicts/{number}"), counts)
        number += 1
    took = time.monotonic() - began
    print(f"{counts['books']} random books from seed {options.seed}: z3 finds nothing the engine missed, and confirms"
          f" {counts['witnesses']} witnesses; {took:.0f} s:", dict(sorted(counts.items())))


if __name__ == "__main__":
    main()
