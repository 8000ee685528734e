"""A second implementation of forecasts, laid beside `abide agreement simulate` on random books and scenarios.

    cargo build -p abide
    python3 crates/ledger/oracle/forecast.py target/debug/abide --books 1000 --futures 40 --seed 1

It reads the books and scenarios as TOML, shares no code with Abide, and follows the words of docs/agreements.md: every
amount is spread over days, and each day is asked which clauses count it. `--books` is how many books are compared in
which nothing is left to chance; `--futures` how many scenarios are drawn from, with a generator of its own.
Exit status 1 at the first difference; the book that shows it is kept. Standard library only.
"""

import argparse
import datetime
import json
import math
import pathlib
import random
import subprocess
import sys
import tempfile
import tomllib
from collections import Counter, defaultdict
from fractions import Fraction as F

import money

DAY = datetime.timedelta(days=1)
PICO = 10**12
LENGTHS = money.MONTHS


def cents(value):
    return round(value * 100)


def amount(text):
    number, currency = text.rsplit(" ", 1)
    return F(number.replace("_", "")), currency


def percent(text):
    return F(text.rstrip("%")) / 100


def month_of(day):
    return day.year * 12 + day.month - 1


def first_of(month):
    return datetime.date(month // 12, month % 12 + 1, 1)


def last_of(month):
    return first_of(month + 1) - DAY


# ---------------------------------------------------------------- what a scenario says, day by day


def months_of(row, since, until):
    """What each month comes to in cents, rounded so that any months from the first on add up to the rounded sum."""
    first, end = month_of(since), month_of(until) + 1
    exact = []
    if "points" in row:
        points = [(month_of(point["on"]), amount(point["amount"])[0]) for point in row["points"]]

        def line(month):
            if month <= points[0][0]:
                return points[0][1]
            for (a, low), (b, high) in zip(points, points[1:]):
                if a <= month < b:
                    return low + (high - low) * F(month - a, b - a)
            return points[-1][1]

        exact = [(line(month) + line(month + 1)) / 24 for month in range(first, end)]
    else:
        month = amount(row["amount"])[0] / LENGTHS[row.get("per", "year")]
        factor = max(F(0), 1 + percent(row.get("growth", "0%")))
        step = LENGTHS[row.get("step", "year")]
        for number in range(end - first):
            if number and number % step == 0:
                month = F(round(month * factor * PICO), PICO)
            exact.append(month)
    found, total, given = {}, 0, 0
    for number, value in enumerate(exact):
        total += round(value * PICO)
        whole = (total + PICO // 200) // (PICO // 100)
        found[first + number] = whole - given
        given = whole
    return found


def daily(row, scenario):
    """Each day within the horizon with its cents."""
    since, until = row.get("since", scenario["from"]), row.get("until", scenario["until"])
    months = months_of(row, since, until)
    day, end = max(since, scenario["from"]), min(until, scenario["until"])
    while day < end:
        month, count = month_of(day), last_of(month_of(day)).day
        upto = lambda number: months[month] * number // count
        yield day, upto(day.day) - upto(day.day - 1)
        day += DAY


def trades(book, scenario):
    """Everything sold or bought, day by day: the rows entered before the horizon, and the forecast."""
    found = []
    own = book["self"]
    operators = {channel["id"]: channel["operator"] for channel in book["channel"]}
    for row in book.get("revenue", []):
        if row["on"] < scenario["from"]:
            units = F(row["quantity"].split()[0]) if "quantity" in row else None
            found.append({**row, "sale": True, "by": row.get("by", own), "day": row["on"], "past": True,
                          "cents": cents(amount(row["amount"])[0]), "units": units})
    for row in book.get("purchase", []):
        if row["on"] < scenario["from"]:
            seller = row.get("from") or operators[row["channel"]]
            found.append({**row, "sale": False, "seller": seller, "day": row["on"], "past": True,
                          "cents": cents(amount(row["amount"])[0])})
    for row in scenario.get("revenue", []):
        price = amount(row["price"])[0] if "price" in row else None
        for day, minor in daily(row, scenario):
            units = F(minor, 100) / price if price else None
            found.append({**row, "sale": True, "by": row.get("party", own), "day": day, "past": False, "cents": minor,
                          "units": units, "priced": price is not None})
    for row in scenario.get("purchase", []):
        seller = row.get("from") or operators[row["channel"]]
        for day, minor in daily(row, scenario):
            found.append({**row, "sale": False, "by": row.get("by", own), "seller": seller, "day": day, "past": False,
                          "cents": minor})
    return found


def below(name, path):
    return name == path or name.startswith(path + "/")


def party_of(customer, book):
    fits = [party["id"] for party in book["party"] if customer and below(customer, party["id"])]
    return max(fits, key=len, default=None)


def lies_in(scope, trade, book):
    """Whether a trade matches every axis that a scope names. What it does not say, it is not in."""
    for axis, key in (("products", "product"), ("segments", "segment")):
        if axis in scope and not any(key in trade and below(trade[key], path) for path in scope[axis]):
            return False
    if "territories" in scope:
        sets = {row["id"]: row["members"] for row in book.get("territory", [])}
        countries = {country for name in scope["territories"] for country in sets.get(name, [name])}
        if trade.get("country") not in countries:
            return False
    return "channels" not in scope or trade.get("channel") in scope["channels"]


def covers(clause, trade, book):
    """Whether a trade lies in a clause: on its days, in its scope, and in none that is carved out."""
    since, until = clause.get("since", clause["effective"]), clause.get("until")
    if trade["day"] < since or (until and trade["day"] >= until):
        return False
    if any(lies_in(scope, trade, book) for scope in clause.get("except", [])):
        return False
    return lies_in(clause.get("of", clause), trade, book)


def givers(grants, trade, book):
    """Everybody in a chain of grants from the owner of what is sold to its seller; `None` where it has no right."""
    owner = max((row for row in book["product"] if below(trade["product"], row["id"])), key=lambda row: len(row["id"]))["owner"]
    found, right = set(), []

    def up(holder, chain):
        if holder == owner:
            right.append(chain)
            found.update(grant["from"] for grant in chain)
            return
        for grant in grants:
            actions = grant.get("actions", ["sell", "sublicense"])
            passed_on = "sublicense" in actions and len(chain) <= grant.get("depth", len(chain))
            if grant["to"] == holder and grant not in chain and (passed_on or not chain) and len(chain) < 8:
                if "sell" in actions and covers(grant, trade, book):
                    up(grant["from"], [*chain, grant])

    up(trade["by"], [])
    return found if right else None


def counts(kind, clause, trade, book, grants):
    if not covers(clause, trade, book):
        return False
    if kind == "commit":
        if not trade["sale"]:
            return (trade["by"], trade["seller"]) == (clause["from"], clause["to"])
        return trade["by"] == clause["to"] and party_of(trade.get("customer"), book) is not None and below(
            trade["customer"], clause["from"])
    if not trade["sale"]:
        return False
    if kind == "share" and trade["by"] != clause["to"]:
        chain = givers(grants, trade, book)
        return chain is not None and clause["from"] in {trade["by"], *chain}
    return trade["by"] == clause["from"]


# ---------------------------------------------------------------- periods, rates, present values


class Calendar:
    def __init__(self, book, scenario):
        self.begins = int(book.get("year_begins", "01-01")[:2])
        self.start, self.end = scenario["from"], scenario["until"]
        rows = book.get("rate", [])
        self.rates = sorted((row["on"], row["from"], row["to"], F(row["value"])) for row in rows if "value" in row)
        self.averages = [(row["since"], row["until"], row["from"], row["to"], F(row["average"]))
                         for row in rows if "average" in row]
        self.stages = []
        for month in self.months(scenario["every"], self.start, self.end):
            first, after = first_of(month), first_of(month + LENGTHS[scenario["every"]])
            self.stages.append((max(first, self.start), min(after, self.end)))

    def period(self, every, day):
        """The first month of the period that a day lies in."""
        length = LENGTHS[every]
        begins = 0 if length == 1 else self.begins - 1
        return month_of(day) - (month_of(day) - begins) % length

    def months(self, every, since, until):
        month = self.period(every, since)
        while first_of(month) < until:
            yield month
            month += LENGTHS[every]

    def last(self, every, month):
        return first_of(month + LENGTHS[every]) - DAY

    def place(self, day):
        return next((at for at, (_, until) in enumerate(self.stages) if day < until), len(self.stages) - 1)

    def rate(self, source, target, day):
        if source == target:
            return F(1)
        found = None
        for on, one, other, value in self.rates:
            if on <= day and (one, other) == (source, target):
                found = value
            if on <= day and (one, other) == (target, source):
                found = 1 / value
        return found


    def converted_at(self, rule, source, target, every, day):
        """The rate that a share converts revenue of a day at."""
        month = self.period(every, day)
        first, after = first_of(month), first_of(month + LENGTHS[every])
        over = min(after, self.end)
        if source == target or rule == "day":
            return self.rate(source, target, day)
        if rule == "closing":
            return self.rate(source, target, over - DAY)
        averages = {(since, until): value if (one, other) == (source, target) else 1 / value
                    for since, until, one, other, value in self.averages if {one, other} == {source, target}}
        if (first, after) in averages:
            return averages[first, after]
        each = []
        for number in range((over - first).days):
            today = first + number * DAY
            holding = [(until - since, value) for (since, until), value in averages.items() if since <= today < until]
            each.append(min(holding)[1] if holding else self.rate(source, target, today))
        return sum(each, F(0)) / len(each)


def factor(discount, start, day):
    """What a whole at the end of a day is worth at the start, in trillionths."""
    value, at, years = F(1), start, 0
    while True:
        later = start_plus(start, years + 1)
        if later > day:
            break
        value, at, years = value * (1 + discount), later, years + 1
    value *= 1 + discount * F((day - at).days + 1, 365)
    return round(PICO / value)


def start_plus(day, years):
    return day.replace(year=day.year + years)


# ---------------------------------------------------------------- clauses


class Track:
    """What becomes of a commitment, stage by stage."""

    def __init__(self, part, most):
        self.part, self.most = part, most
        self.rolled = self.carried = self.owed = F(0)
        self.given = 0

    def skip(self, bought, last):
        beyond, carry = max(F(0), bought + self.carried - self.rolled), self.part["carry"]
        carried = min(bought, carry * beyond / (1 + carry)) if self.most and not last else F(0)
        self.rolled, self.carried = F(0), max(F(0), carried)

    def stage(self, own, bought, last):
        """What is to be bought, what is missing and what is due."""
        wanted = max(F(0), own + self.rolled - self.carried)
        gap, beyond = max(F(0), wanted - bought), max(F(0), bought - wanted)
        self.rolled = F(0) if last else min(gap, self.part["rollover"] * own)
        self.carried = F(0) if last else min(beyond, self.part["carry"] * own)
        self.owed += self.part["shortfall"] * (gap - self.rolled)
        due = cents(self.owed) - self.given
        self.given += due
        return wanted, gap, due


class Forecast:
    """A scenario under the clauses of a book, but for those in `without`."""

    def __init__(self, book, clauses, scenario, without):
        self.book, self.scenario, self.calendar = book, scenario, Calendar(book, scenario)
        self.clauses = [(kind, clause) for kind, clause in clauses if clause["id"] not in without]
        self.grants = [clause for kind, clause in self.clauses if kind == "grant"]
        self.all = trades(book, scenario)
        self.discount = percent(scenario.get("discount", "0%"))
        self.dues = defaultdict(lambda: [[0, 0] for _ in self.calendar.stages])
        self.moved = defaultdict(lambda: [0, 0])
        self.missing, self.commits, self.seen = set(), {}, Counter()
        self.trade()
        self.shares, self.owed = {}, {}
        for wanted in ("share", "guarantee", "commit", "split", "parity"):
            for kind, clause in self.clauses:
                if kind == wanted:
                    getattr(self, kind)(clause)
        self.present()

    def toward(self, kind, clause):
        return [trade for trade in self.all if counts(kind, clause, trade, self.book, self.grants)]

    def worth(self, minor, day):
        return minor * factor(self.discount, self.scenario["from"], day)

    def trade(self):
        stages = len(self.calendar.stages)
        self.revenue, self.bought = defaultdict(lambda: [0] * stages), defaultdict(lambda: [0] * stages)
        self.traded = Counter()
        for trade in self.all:
            if trade["past"]:
                continue
            place, worth = self.calendar.place(trade["day"]), self.worth(trade["cents"], last_of(month_of(trade["day"])))
            seller = trade["by"] if trade["sale"] else trade["seller"]
            buyer = party_of(trade.get("customer"), self.book) if trade["sale"] else trade["by"]
            self.revenue[seller][place] += trade["cents"]
            self.traded[seller] += worth
            if buyer:
                self.bought[buyer][place] += trade["cents"]
                self.traded[buyer] -= worth

    def book_due(self, clause, parties, day, due, currency):
        if day < self.scenario["from"]:
            return
        own = self.scenario["currency"]
        if currency != own:
            rate = self.calendar.rate(currency, own, day)
            due = [cents(F(end, 100) * rate) for end in due]
        key = (clause["id"], *parties)
        for end in (0, 1):
            self.dues[key][self.calendar.place(day)][end] += due[end]
            self.moved[key][end] += self.worth(due[end], day)

    def past_begins(self, kind, clauses):
        days = [trade["day"] for clause in clauses for trade in self.toward(kind, clause) if trade["past"]]
        return min(days, default=self.scenario["from"])

    def share(self, clause):
        calendar, every = self.calendar, clause["every"]
        texts = [clause.get("floor", {}).get("period"), *(t.get("upto") for t in clause.get("tiers", []))]
        texts += [clause.get("cap", {}).get(key) for key in ("total", "period", "used")]
        stated = [amount(text)[1] for text in texts if text and text != "unknown"]
        currency = clause.get("currency") or next(iter(stated), "USD")
        bases = defaultdict(F)
        counted = self.toward("share", clause)
        self.seen.update(["sold by a right"] if any(trade["by"] != clause["from"] for trade in counted) else [])
        self.seen.update([f"at the {clause['convert']} rate"] if counted and clause.get("convert", "day") != "day" else [])
        for trade in counted:
            rate = calendar.converted_at(clause.get("convert", "day"), "USD", currency, every, trade["day"])
            bases[calendar.period(every, trade["day"])] += F(trade["cents"], 100) * rate
        begins, ends = min(bases, default=None), max(bases, default=None)
        since = clause.get("since", clause["effective"])
        if "floor" in clause:
            since = max(since, self.past_begins("share", [clause]))
            until = min(clause.get("until", datetime.date.max), self.scenario["until"])
            floored = list(calendar.months(every, since, until))
            begins, ends = min([*floored, *bases], default=None), max([*floored, *bases], default=None)
        if begins is None:
            self.shares[clause["id"]] = {}
            return
        length = LENGTHS[every]
        months = list(range(begins, ends + 1, length))
        number = lambda text: None if text is None else text if text == "unknown" else str(amount(text)[0])
        cap = clause.get("cap", {})
        tiers = clause.get("tiers") or [{"rate": clause["rate"]}]
        case = {
            "tiers": [[number(tier.get("upto")), str(percent(tier["rate"]))] for tier in tiers],
            "basis": clause.get("basis", "marginal"),
            "reset": clause.get("reset"),
            "every": every,
            "begins": calendar.begins,
            "month": begins,
            "floor": number(clause.get("floor", {}).get("period")),
            "period": number(cap.get("period")),
            "total": number(cap.get("total")),
            "used": number(cap.get("used")),
            "from": str(cap["from"]) if "from" in cap else None,
            "bases": [str(bases.get(month, F(0))) for month in months],
        }
        rows = dict(zip(months, money.share(case)))
        self.shares[clause["id"]] = rows
        for month, (_, _, low, high) in rows.items():
            self.book_due(clause, (clause["from"], clause["to"]), calendar.last(every, month), [low, high], currency)

    def guarantee(self, clause):
        calendar, every = self.calendar, clause["every"]
        over = [other for kind, other in self.clauses if kind == "share" and other["id"] in clause["over"]]
        since = max(clause.get("since", clause["effective"]), self.past_begins("share", over))
        rows = [{"minimum": clause["minimum"]}] if "minimum" in clause else clause["schedule"]
        shortfalls, paid, given = [], F(0), 0
        for k, month in enumerate(calendar.months(every, since, self.scenario["until"])):
            if "until" in clause and first_of(month) >= clause["until"]:
                break
            day = max(first_of(month), since)
            holds = lambda row: row.get("since", day) <= day and day < row.get("until", datetime.date.max)
            minimum = next((amount(row["minimum"])[0] for row in rows if holds(row)), F(0))
            settled = [self.shares[name].get(month, [F(0), F(0), 0, 0]) for name in clause["over"]]
            earned, earned_due = sum((row[0] for row in settled), F(0)), sum(row[2] for row in settled)
            wanted, taken = max(F(0), earned - minimum), F(0)
            for row in shortfalls:
                if 1 <= k - row["in"] <= clause.get("window", 0):
                    part = min(row["left"], wanted - taken)
                    row["left"] -= part
                    taken += part
            shortfalls.append({"in": k, "left": max(F(0), minimum - earned)})
            paid += max(minimum, earned - taken)
            given += earned_due
            due = cents(paid) - given
            given += due
            last = calendar.last(every, month)
            if last < self.scenario["until"]:
                self.book_due(clause, (clause["from"], clause["to"]), last, [due, due], "USD")

    def commit(self, clause):
        scenario, drawn = self.scenario, self.toward("commit", clause)
        since, until = clause.get("since", clause["effective"]), clause.get("until")
        stages = []
        for row in clause.get("schedule") or [{"amount": clause["total"]}]:
            begin = max(row.get("since", since), since)
            ends = [day for day in (row.get("until"), until) if day]
            stages.append((begin, min(ends, default=None), row["amount"]))
        known = self.past_begins("commit", [clause])
        stages = [stage for stage in stages if stage[1] is None or known < stage[1]]
        within = [stage for stage in stages
                  if stage[0] < scenario["until"] and (stage[1] is None or scenario["from"] < stage[1])]
        if all(trade["past"] for trade in drawn):
            if within:
                self.missing.add(clause["id"])
            return
        part = {key: percent(clause.get(key, "0%")) for key in ("shortfall", "carry", "rollover")}
        # Nothing was carried out of a stage of unknown amount, or as much as can be.
        tracks = [Track(part, most) for most in (False, True)]
        shown = []
        for at, (begin, end, stated) in enumerate(stages):
            inside = [trade for trade in drawn if begin <= trade["day"] and (end is None or trade["day"] < end)]
            bought = F(sum(trade["cents"] for trade in inside), 100)
            if begin >= scenario["until"]:
                continue
            closed, last = end is not None and end <= scenario["until"], at + 1 == len(stages)
            row = {"since": str(begin), "until": str(end) if end else None, "closed": closed, "bought": [cents(bought)] * 2,
                   "to_be_bought": None, "left": [0, 0], "due": [0, 0]}
            if stated == "unknown":
                for track in tracks:
                    track.skip(bought, last)
            else:
                found = [track.stage(amount(stated)[0], bought, last) for track in tracks]
                ends = lambda place: [end(one[place] for one in found) for end in (min, max)]
                due = ends(2) if closed else [0, 0]
                row |= {"to_be_bought": [cents(end) for end in ends(0)], "left": [cents(end) for end in ends(1)], "due": due}
                if closed:
                    self.book_due(clause, (clause["from"], clause["to"]), end - DAY, due, "USD")
                row["met"] = [self.met(wanted, inside, end) for wanted in ends(0)]
            if (begin, end, stated) in within:
                shown.append(row)
        by = lambda day: sum(trade["cents"] for trade in drawn if trade["day"] < day
                             and any(b <= trade["day"] and (e is None or trade["day"] < e) for b, e, _ in stages))
        self.commits[clause["id"]] = {
            "stages": shown,
            "before": by(scenario["from"]),
            "bought_by": [by(until) for _, until in self.calendar.stages],
        }

    def met(self, wanted, inside, end):
        """The end of the month in which all has been bought: the last day looked at, or of the stage, if that is sooner."""
        bought = F(0)
        for trade in sorted(inside, key=lambda trade: trade["day"]):
            bought += F(trade["cents"], 100)
            if bought >= wanted > 0:
                if trade["past"]:
                    return self.scenario["from"] - DAY
                days = [last_of(month_of(trade["day"])), self.scenario["until"] - DAY]
                return min(days + ([end - DAY] if end else []))
        return None

    def split(self, clause):
        calendar, every = self.calendar, clause["every"]
        sold = self.toward("split", clause)
        if any("wholesale" in step for step in clause["steps"]) and any(
                not trade["past"] and trade["units"] is None for trade in sold):
            self.missing.add(clause["id"])
            return
        gross, units = defaultdict(F), defaultdict(F)
        for trade in sold:
            month = calendar.period(every, trade["day"])
            gross[month] += F(trade["cents"], 100)
            units[month] += trade["units"] or 0
        total, given = F(0), 0
        for month in sorted(gross):
            left, parts = gross[month], []
            for step in clause["steps"]:
                if "fixed" in step:
                    wanted = amount(step["fixed"])[0]
                elif "wholesale" in step:
                    wanted = amount(step["wholesale"])[0] * units[month]
                elif "rate" in step:
                    wanted = percent(step["rate"]) * (left if step.get("of") == "remaining" else gross[month])
                else:
                    wanted = left
                if "cap" in step:
                    wanted = min(wanted, amount(step["cap"])[0])
                part = min(max(wanted, F(0)), left)
                left -= part
                parts.append(part)
            total += gross[month]
            whole = cents(total) - given
            given += whole
            quotas = [part * whole / gross[month] if gross[month] else F(0) for part in parts]
            minor = [quota.numerator // quota.denominator for quota in quotas]
            rest = whole - sum(minor)
            rounding = clause.get("rounding", "largest-remainder")
            if rounding == "first":
                minor[0] += rest
            elif rounding == "last":
                minor[-1] += rest
            else:
                for i in sorted(range(len(parts)), key=lambda i: (minor[i] - quotas[i], i))[:rest]:
                    minor[i] += 1
            for step, due in zip(clause["steps"], minor):
                if step["to"] != clause["from"]:
                    day = calendar.last(every, month)
                    self.book_due(clause, (clause["from"], step["to"]), day, [due, due], "USD")

    def parity(self, clause):
        calendar, every = self.calendar, clause["every"]
        sold = self.toward("parity", clause)
        if any(not trade["past"] and trade["units"] is None for trade in sold):
            self.missing.add(clause["id"])
        deals = defaultdict(lambda: defaultdict(lambda: [F(0), F(0)]))
        for trade in sold:
            if trade["units"] is not None and "customer" in trade:
                key = (calendar.period(every, trade["day"]), trade["product"])
                deals[key][trade["customer"]][0] += trade["units"]
                deals[key][trade["customer"]][1] += F(trade["cents"], 100)
        credits = defaultdict(F)
        for (month, _), customers in deals.items():
            own, others = [], []
            for customer, (units, paid) in customers.items():
                if below(customer, clause["to"]):
                    own.append((units, paid))
                    continue
                named = lambda row: not row.get("customers") or any(below(customer, one) for one in row["customers"])
                row = next((row for row in clause["against"] if named(row)), None)
                if row is not None and units > 0 and ("at_most" not in row or units <= F(row["at_most"].replace("_", ""))):
                    others.append(paid / units * percent(row.get("adjust", "100%")))
            credits[month] += sum((max(F(0), paid - units * min(others)) for units, paid in own), F(0)) if others else 0
        total, given = F(0), 0
        for month in sorted(credits):
            total += credits[month]
            due = cents(total) - given
            given += due
            self.book_due(clause, (clause["from"], clause["to"]), calendar.last(every, month), [due, due], "USD")

    # ------------------------------------------------------------ ownership and what all of it is worth

    def owned(self, day):
        supposed = {(row["owner"], row["of"]) for row in self.scenario.get("holding", [])}
        parts = defaultdict(F)
        for kind, clause in self.clauses:
            since, until = clause.get("since", clause["effective"]), clause.get("until")
            if kind == "stake" and since <= day and (not until or day < until):
                if (clause["to"], clause["from"]) not in supposed:
                    parts[clause["to"], clause["from"]] += percent(clause["percent"])
        for row in self.scenario.get("holding", []):
            parts[row["owner"], row["of"]] += percent(row["part"])
        names = sorted({name for key in parts for name in key})
        direct = [[str(parts[holder, company]) for company in names] for holder in names]
        whole = money.stake({"direct": direct}) if names else []
        return {(a, b): whole[i][j] for i, a in enumerate(names) for j, b in enumerate(names) if whole[i][j]}

    def present(self):
        parties = {party["id"] for party in self.book["party"]}
        through = self.owned(self.scenario["from"])
        self.value, self.look, self.stakes = {}, {}, {}
        for party in parties:
            for kind, found in (("own", self.value), ("look", self.look)):
                part = lambda other: F(other == party) + (through.get((party, other), F(0)) if kind == "look" else 0)
                ends = [sum((part(other) * worth for other, worth in self.traded.items()), F(0))] * 2
                for (_, payer, payee), moved in self.moved.items():
                    weight = part(payee) - part(payer)
                    low, high = (weight * moved[0], weight * moved[1])
                    ends = [ends[0] + min(low, high), ends[1] + max(low, high)]
                found[party] = [round(end / PICO) for end in ends]
        for at, (_, until) in enumerate(self.calendar.stages):
            day = until - DAY
            for (holder, company), part in self.owned(day).items():
                rows = [(row["on"], 0, *amount(row["value"])) for row in self.book.get("valuation", [])
                        if row["of"] == company and row["on"] <= day]
                rows += [(row.get("on", self.scenario["from"]), 1, *amount(row["value"]))
                         for row in self.scenario.get("valuation", [])
                         if row["of"] == company and row.get("on", self.scenario["from"]) <= day]
                if rows:
                    _, _, value, currency = max(rows)
                    rate = self.calendar.rate(currency, "USD", day)
                    worth = self.stakes.setdefault(holder, [0] * len(self.calendar.stages))
                    worth[at] += cents(part * value * rate)


# ---------------------------------------------------------------- laid beside the program


def compare(book, clauses, scenario, told):
    drafts = scenario.get("draft") or [{"id": "terms"}]
    first = None
    for draft, said in zip(drafts, told["drafts"]):
        own = Forecast(book, clauses, scenario, draft.get("without", []))
        first = first or own
        parties = {row["party"]: row for row in said["parties"]}
        for party in {party["id"] for party in book["party"]}:
            row = parties.get(party)
            zeros = [0] * len(own.calendar.stages)
            received, paid = [[0, 0] for _ in zeros], [[0, 0] for _ in zeros]
            for (_, payer, payee), dues in own.dues.items():
                for side, name in ((paid, payer), (received, payee)):
                    if name == party:
                        side[:] = [[a[0] + b[0], a[1] + b[1]] for a, b in zip(side, dues)]
            revenue, bought = own.revenue.get(party, zeros), own.bought.get(party, zeros)
            cash = [[r - b + i[0] - o[1], r - b + i[1] - o[0]] for r, b, i, o in zip(revenue, bought, received, paid)]
            base = first.value[party]
            gain = [own.value[party][0] - base[1], own.value[party][1] - base[0]] if own is not first else [0, 0]
            wanted = {
                "revenue": [[value] * 2 for value in revenue],
                "bought": [[value] * 2 for value in bought],
                "received": received,
                "paid": paid,
                "cash": cash,
            }
            if row is None:
                everything = [*sum(wanted.values(), []), own.look[party], own.stakes.get(party, [0])]
                assert not any(any(values) for values in everything), (draft["id"], party, wanted)
                continue
            for key, values in wanted.items():
                same(values, [figure["p50"] for figure in row[key]["periods"]], (draft["id"], party, key))
            same(own.value[party], row["present_value"]["p50"], (draft["id"], party, "present value"))
            same(own.look[party], row["look_through"]["p50"], (draft["id"], party, "look-through"))
            same(gain, row["gain"]["p50"], (draft["id"], party, "gain"))
            worth = [[value] * 2 for value in own.stakes.get(party, [])]
            same(worth, [figure["p50"] for figure in row["stakes_worth"]], (draft["id"], party, "stakes worth"))
        dues = {key: values for key, values in own.dues.items() if any(any(value) for value in values)}
        rows = {(row["clause"], row["payer"], row["payee"]): [figure["p50"] for figure in row["due"]["periods"]]
                for row in said["clauses"]}
        same(dues, rows, (draft["id"], "dues"))
        same(sorted(own.missing), sorted({row["clause"] for row in said["left_out"]}), (draft["id"], "left out"))
        commitments(own, said, draft["id"])
    return own


def commitments(own, said, draft):
    rows = {row["clause"]: row for row in said["commitments"]}
    same(sorted(own.commits), sorted(rows), (draft, "commitments"))
    for name, wanted in own.commits.items():
        row = rows[name]
        same([wanted["before"]] * 2, row["bought_before"], (draft, name, "before"))
        same([[value] * 2 for value in wanted["bought_by"]], [f["p50"] for f in row["bought_by"]], (draft, name, "bought"))
        same(len(wanted["stages"]), len(row["stages"]), (draft, name, "stages"))
        for stage, told in zip(wanted["stages"], row["stages"]):
            for key in ("since", "until", "closed"):
                same(stage[key], told[key], (draft, name, key))
            for key in ("bought", "left", "due"):
                same(stage[key], told[key]["p50"], (draft, name, stage["since"], key))
            found = told["to_be_bought"] and told["to_be_bought"]["p50"]
            same(stage["to_be_bought"], found, (draft, name, "wanted"))
            if stage["to_be_bought"] and stage["to_be_bought"][0]:
                met = [str(day) if day else None for day in stage["met"]]
                same(met, told["all_bought"]["p50"], (draft, name, stage["since"], "met"))


def same(wanted, found, what):
    assert wanted == found, f"{what}: the oracle says {wanted}, the program {found}"


# ---------------------------------------------------------------- random books


def toml(value):
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (int, datetime.date)):
        return str(value)
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, list):
        return "[" + ", ".join(toml(item) for item in value) + "]"
    return "{ " + ", ".join(f"{key} = {toml(item)}" for key, item in value.items()) + " }"


def written(head, tables):
    lines = [f"{key} = {toml(value)}" for key, value in head.items()]
    for name, row in tables:
        lines += ["", f"[[{name}]]", *(f"{key} = {toml(value)}" for key, value in row.items() if value is not None)]
    return "\n".join(lines) + "\n"


PARTIES = ["lab", "cloud", "rival", "acme", "market", "maker", "shop", "corner"]
COUNTRIES = ["DE", "FR", "US"]
CHANNELS = {"own": "lab", "blue": "cloud", "red": "rival"}
OWNED = {"lab": ["lab/api", "lab/seats"], "cloud": ["cloud/search"]}
# What each sells: its own, or what it may by a right.
SOLD = OWNED | {"shop": OWNED["lab"], "corner": OWNED["lab"]}
EVERY = list(LENGTHS)


def usd(rng, most, currency="USD"):
    return f"{rng.randrange(most)}.{rng.randrange(100):02} {currency}"


def part(rng, most=1000):
    return f"{rng.randrange(most) / 10}%"


def day(rng, first=2024, last=2029):
    return datetime.date(rng.randrange(first, last), rng.randrange(1, 13), rng.randrange(1, 29))


def perhaps(rng, row, **keys):
    for key, value in keys.items():
        if rng.random() < 0.35:
            row[key] = value()
    return row


def axes(rng, seller, odds):
    found = {}
    if rng.random() < odds:
        found["products"] = [rng.choice([SOLD.get(seller, ["lab/api"])[0].split("/")[0], *SOLD.get(seller, [])])]
    if rng.random() < odds:
        found["channels"] = rng.sample(list(CHANNELS), rng.randrange(1, 3))
    if rng.random() < odds / 3:
        found["segments"] = [rng.choice(["public", "public/schools"])]
    if rng.random() < odds / 3:
        found["territories"] = rng.sample(["EU", *COUNTRIES], rng.randrange(1, 3))
    return found


def carved(rng, seller, row):
    """Perhaps some scopes carved out."""
    if rng.random() < 0.3:
        scopes = [axes(rng, seller, 0.5) for _ in range(rng.randrange(1, 3))]
        row["except"] = [scope for scope in scopes if scope] or [{"channels": ["red"]}]
    return row


def scope(rng, seller, row):
    of = axes(rng, seller, 0.4)
    return carved(rng, seller, row | {"of": of} if of else row)


def grant(rng, name):
    giver, taker = rng.choice([("lab", "shop"), ("lab", "shop"), ("lab", "corner"), ("shop", "corner"), ("corner", "shop"),
                               ("shop", "rival"), ("lab", "rival")])
    row = {"id": name, "from": giver, "to": taker} | axes(rng, "lab", 0.2)
    if rng.random() < 0.5:
        row["actions"] = ["sell", "sublicense"] if rng.random() < 0.7 else ["sell"]
    if "sublicense" in row.get("actions", ["sublicense"]) and rng.random() < 0.3:
        row["depth"] = rng.randrange(0, 3)
    return carved(rng, "lab", term(rng, row))


def term(rng, row):
    if rng.random() < 0.3:
        row["since"] = day(rng, 2024, 2027)
    if rng.random() < 0.3:
        row["until"] = day(rng, 2027, 2030)
    return row


def share(rng, name):
    seller, payee = rng.choice([("lab", "cloud"), ("lab", "cloud"), ("lab", "rival"), ("cloud", "lab"), ("shop", "lab"),
                                ("lab", "shop"), ("corner", "shop")])
    currency = rng.choice(["USD", "USD", "USD", "EUR"])
    row = {"id": name, "from": seller, "to": payee}
    if rng.random() < 0.5:
        row["rate"] = part(rng)
    else:
        edges = sorted(rng.sample(range(1, 4_000), rng.randrange(1, 3)))
        row["tiers"] = [{"upto": f"{edge} {currency}", "rate": part(rng)} for edge in edges] + [{"rate": part(rng)}]
        perhaps(rng, row, basis=lambda: rng.choice(["marginal", "volume"]), reset=lambda: rng.choice(EVERY))
    row = scope(rng, seller, term(rng, row))
    row["every"] = rng.choice(EVERY)
    perhaps(rng, row, floor=lambda: {"period": usd(rng, 200, currency)})
    if rng.random() < 0.4:
        row["cap"] = perhaps(rng, {}, total=lambda: usd(rng, 2_000, currency), period=lambda: usd(rng, 400, currency))
        if "total" in row["cap"]:
            perhaps(rng, row["cap"], used=lambda: usd(rng, 300, currency), **{"from": lambda: day(rng, 2025, 2028)})
            if rng.random() < 0.2:
                row["cap"]["total"] = "unknown"
                row["cap"].pop("used", None)
        if not row["cap"]:
            del row["cap"]
    if currency == "EUR":
        row["currency"] = "EUR"
        perhaps(rng, row, convert=lambda: rng.choice(["day", "average", "average", "closing"]))
    return row


def guarantee(rng, name, shares):
    base = rng.choice([row for row in shares if "currency" not in row and row.get("cap", {}).get("total") != "unknown"])
    row = {"id": name, "from": base["from"], "to": base["to"], "over": [base["id"]], "every": base["every"]}
    perhaps(rng, row, window=lambda: rng.randrange(1, 4))
    if rng.random() < 0.5:
        row["minimum"] = usd(rng, 500)
    else:
        turn = day(rng, 2026, 2028)
        row["schedule"] = [{"until": turn, "minimum": usd(rng, 500)}, {"since": turn, "minimum": usd(rng, 500)}]
    return term(rng, row)


def commit(rng, name):
    buyer, seller = rng.choice([("lab", "cloud"), ("lab", "rival"), ("acme", "lab")])
    row = {"id": name, "from": buyer, "to": seller}
    if rng.random() < 0.5:
        row["of"] = {"channels": [rng.choice(list(CHANNELS))]}
    if rng.random() < 0.3:
        row["total"] = rng.choice([usd(rng, 9_000), usd(rng, 9_000), "unknown"])
        row["until"] = day(rng, 2027, 2030)
    else:
        turns = sorted({day(rng, 2025, 2029) for _ in range(rng.randrange(2, 6))} | {datetime.date(2026, 3, 10)})
        row["schedule"] = [{"since": a, "until": b, "amount": rng.choice([usd(rng, 4_000)] * 5 + ["unknown"])}
                           for a, b in zip(turns, turns[1:])]
    if rng.random() < 0.8:
        row["shortfall"] = part(rng)
    return perhaps(rng, row, carry=lambda: part(rng), rollover=lambda: part(rng))


def split(rng, name):
    steps = []
    for _ in range(rng.randrange(0, 4)):
        step = {"to": rng.choice(PARTIES)}
        kind = rng.choice(["fixed", "gross", "remaining", "wholesale"])
        if kind in ("gross", "remaining"):
            step["rate"] = part(rng, 500)
            if kind == "remaining":
                step["of"] = "remaining"
        else:
            step[kind] = usd(rng, 60 if kind == "fixed" else 8)
        steps.append(perhaps(rng, step, cap=lambda: usd(rng, 90)))
    row = scope(rng, "lab", term(rng, {"id": name, "from": "lab"}))
    row |= {"every": rng.choice(EVERY), "steps": steps + [{"to": rng.choice(PARTIES), "remainder": True}]}
    return perhaps(rng, row, rounding=lambda: rng.choice(["first", "last", "largest-remainder"]))


def parity(rng, name):
    against = [perhaps(rng, {"customers": ["umbrella"]} if rng.random() < 0.5 else {"adjust": "100%"},
                       adjust=lambda: f"{rng.randrange(80, 125)}%", at_most=lambda: str(rng.randrange(1, 400)))]
    row = scope(rng, "lab", term(rng, {"id": name, "from": "lab", "to": "acme"}))
    return row | {"every": rng.choice(EVERY), "against": against}


def course(rng, row, start, end):
    if rng.random() < 0.25:
        months = sorted(rng.sample(range(2026 * 12, 2029 * 12), rng.randrange(1, 4)))
        row["points"] = [{"on": first_of(month), "amount": usd(rng, 9_000)} for month in months]
    else:
        row["amount"] = usd(rng, 6_000)
        perhaps(rng, row, per=lambda: rng.choice(EVERY), growth=lambda: f"{rng.randrange(-40, 90)}%",
                step=lambda: rng.choice(EVERY))
    span = (end - start).days
    if rng.random() < 0.2:
        row["since"] = start + DAY * rng.randrange(-60, span)
    if rng.random() < 0.2:
        row["until"] = max(start, row.get("since", start)) + DAY * rng.randrange(1, span + 60)
    return row


def random_book(rng):
    head = {"book": "random", "self": "lab", "zone": rng.choice(["UTC", "America/Los_Angeles"])}
    if rng.random() < 0.3:
        head["year_begins"] = f"{rng.randrange(1, 13):02}-01"
    tables = [("party", {"id": party}) for party in PARTIES]
    tables += [("channel", {"id": channel, "operator": operator}) for channel, operator in CHANNELS.items()]
    tables += [("product", {"id": product, "owner": owner}) for owner, all in OWNED.items() for product in ["/".join(
        product.split("/")) for product in all]]
    tables += [("territory", {"id": "EU", "members": ["DE", "FR"]})]
    tables += [("segment", {"id": segment}) for segment in ("public", "public/schools", "retail")]
    on = datetime.date(2023, 1, 1)
    for _ in range(rng.randrange(1, 5)):
        tables.append(("rate", {"from": "EUR", "to": "USD", "value": f"1.{rng.randrange(1, 99):02}", "on": on}))
        on = day(rng, on.year + 1, on.year + 3)
    spans = set()
    for _ in range(rng.randrange(0, 5)):
        length = rng.choice([1, 2, 3, 6, 12])
        first = rng.randrange(2025 * 12, 2028 * 12) // length * length
        # Two averages of one length that overlap would both be the shortest that holds a day.
        if (first, length) not in spans:
            spans.add((first, length))
            tables.append(("rate", {"from": "EUR", "to": "USD", "average": f"1.{rng.randrange(1, 99):02}",
                                    "since": first_of(first), "until": first_of(first + length)}))
    for _ in range(rng.randrange(0, 3)):
        currency = rng.choice(["USD", "EUR"])
        tables.append(("valuation", {"of": rng.choice(["lab", "cloud"]), "value": usd(rng, 9_000, currency), "on": day(rng)}))
    for _ in range(rng.randrange(0, 3)):
        row = {"product": rng.choice(OWNED["lab"]), "channel": rng.choice(list(CHANNELS)), "customer": rng.choice(
            ["acme", "umbrella"]), "amount": usd(rng, 900), "on": day(rng, 2024, 2027)}
        perhaps(rng, row, by=lambda: rng.choice(["shop", "corner"]), country=lambda: rng.choice(COUNTRIES))
        tables.append(("revenue", perhaps(rng, row, quantity=lambda: f"{rng.randrange(1, 200)} seats")))
    for _ in range(rng.randrange(0, 2)):
        seller, channel = rng.choice([("cloud", "blue"), ("rival", "red")])
        tables.append(("purchase", {"by": "lab", "from": seller, "channel": channel, "amount": usd(rng, 900),
                                    "on": day(rng, 2024, 2027)}))
    clauses = []
    count = lambda most: range(rng.randrange(0, most))
    clauses += [("share", share(rng, f"s{n}")) for n in count(4)]
    shares = [row for _, row in clauses]
    clauses += [("grant", grant(rng, f"t{n}")) for n in count(5)]
    if any("currency" not in row and row.get("cap", {}).get("total") != "unknown" for row in shares) and rng.random() < 0.6:
        clauses.append(("guarantee", guarantee(rng, "g", shares)))
    clauses += [("commit", commit(rng, f"c{n}")) for n in count(3)]
    clauses += [("split", split(rng, f"w{n}")) for n in count(2)]
    clauses += [("parity", parity(rng, f"p{n}")) for n in count(3)]
    for n, (company, holder) in enumerate([("lab", "cloud"), ("cloud", "lab"), ("lab", "rival")]):
        if rng.random() < 0.4:
            clauses.append(("stake", term(rng, {"id": f"k{n}", "from": company, "to": holder,
                                                "percent": part(rng, 300)})))
    instrument = {"instrument": "all", "parties": PARTIES, "signed": datetime.date(2024, 2, 10)}
    return written(head, tables), written(instrument, clauses)


def random_scenario(rng, instrument):
    start = day(rng, 2026, 2027)
    head = {"scenario": "random", "from": start, "until": start + DAY * rng.randrange(40, 1_000),
            "every": rng.choice(EVERY), "known": datetime.date(2030, 1, 1), "currency": "USD",
            "discount": rng.choice(["0%", "8%", "3.5%"])}
    tables = []
    clauses = tomllib.loads(instrument)
    if rng.random() < 0.4:
        held = {name for row in clauses.get("guarantee", []) for name in row["over"]}
        names = [row["id"] for kind in ("share", "commit", "split") for row in clauses.get(kind, [])]
        gone = [name for name in names if name not in held and rng.random() < 0.5]
        tables += [("draft", {"id": "all"}), ("draft", {"id": "some"} | ({"without": gone} if gone else {}))]
    for n in range(rng.randrange(1, 6)):
        seller = rng.choice(["lab", "lab", "lab", "lab", "cloud", "shop", "shop", "corner"])
        row = {"id": f"r{n}", "party": seller, "product": rng.choice(SOLD[seller]), "channel": rng.choice(list(CHANNELS))}
        if rng.random() < 0.75:
            customers = ["lab/x"] if seller == "cloud" else ["acme", "acme/west", "umbrella", "umbrella/east"]
            row["customer"] = rng.choice(customers)
        if rng.random() < 0.4:
            row["country"] = rng.choice(COUNTRIES)
        if rng.random() < 0.3:
            row["segment"] = rng.choice(["public/schools", "public", "retail"])
        course(rng, row, start, head["until"])
        if rng.random() < 0.75:
            row |= {"price": f"{rng.randrange(1, 90)}.{rng.randrange(100):02} USD", "unit": "seats"}
        tables.append(("revenue", row))
    wanted = [{"by": row["from"], "from": row["to"], "channel": row.get("of", {}).get("channels", ["own"])[0]}
              for row in clauses.get("commit", [])]
    for n in range(rng.randrange(0, 4)):
        row = {"id": f"b{n}"}
        row |= rng.choice(wanted) if wanted and rng.random() < 0.7 else rng.choice([{"from": "cloud"}, {"channel": "blue"}, {"channel": "red"}, {"from": "rival", "channel": "blue"},
                           {"by": "acme", "from": "lab", "channel": "own"}])
        tables.append(("purchase", course(rng, row, start, head["until"])))
    if rng.random() < 0.3:
        tables.append(("holding", {"owner": "cloud", "of": "lab", "part": part(rng, 300)}))
    if rng.random() < 0.4:
        row = {"of": rng.choice(["lab", "cloud"]), "value": usd(rng, 9_000)}
        tables.append(("valuation", perhaps(rng, row, on=lambda: day(rng, 2026, 2028))))
    return written(head, tables)


KINDS = ("grant", "share", "guarantee", "commit", "split", "parity", "stake")


def read(texts):
    book, instrument, scenario = (tomllib.loads(text) for text in texts)
    effective = instrument["signed"]
    clauses = [(kind, row | {"effective": effective}) for kind in KINDS for row in instrument.get(kind, [])]
    return book, clauses, scenario


# ---------------------------------------------------------------- chance


def philox(counter, key):
    a, b, c, d = counter
    k, l = key
    for _ in range(10):
        one, two = a * 0xD2511F53, c * 0xCD9E8D57
        a, b, c, d = (two >> 32) ^ b ^ k, two & 0xFFFFFFFF, (one >> 32) ^ d ^ l, one & 0xFFFFFFFF
        k, l = (k + 0x9E3779B9) & 0xFFFFFFFF, (l + 0xBB67AE85) & 0xFFFFFFFF
    return a, b, c, d


def bits(seed, number, draw):
    name = 0xCBF29CE484222325
    for byte in draw.encode():
        name = ((name ^ byte) * 0x100000001B3) % 2**64
    a, b, _, _ = philox((number, 0, name % 2**32, name >> 32), (seed % 2**32, seed >> 32))
    return (a << 32 | b) >> 11


def normal(u):
    """The inverse of the normal distribution, by Newton's steps on the error function; an own way, not that of Abide."""
    z = 0.0
    for _ in range(200):
        below = 0.5 * math.erfc(-z / math.sqrt(2))
        step = (below - u) / (math.exp(-z * z / 2) / math.sqrt(2 * math.pi))
        z -= max(-0.5, min(0.5, step))
        if abs(step) < 1e-15:
            break
    return z


def drawn(shape, u):
    value = lambda key: float(amount(shape[key])[0]) if " " in shape[key] else float(percent(shape[key]))
    if shape["shape"] == "uniform":
        return value("low") + (value("high") - value("low")) * u
    if shape["shape"] == "triangular":
        low, mode, high = value("low"), value("mode"), value("high")
        rising = (mode - low) / (high - low)
        if u < rising:
            return low + math.sqrt(u * (high - low) * (mode - low))
        return high - math.sqrt((1 - u) * (high - low) * (high - mode))
    if shape["shape"] == "normal":
        return value("mean") + value("deviation") * normal(u)
    return value("median") * (value("p90") / value("median")) ** (normal(u) / normal(0.9))


def random_shape(rng):
    low = rng.randrange(1_000, 4_000)
    mode, high = low + rng.randrange(1, 3_000), low + 3_000 + rng.randrange(3_000)
    return rng.choice([
        {"shape": "uniform", "low": f"{low} USD", "high": f"{high} USD"},
        {"shape": "triangular", "low": f"{low} USD", "mode": f"{mode} USD", "high": f"{high} USD"},
        {"shape": "normal", "mean": f"{high} USD", "deviation": f"{low // 4} USD"},
        {"shape": "lognormal", "median": f"{low} USD", "p90": f"{high} USD"},
    ])


def check_chance(rng, program, folder):
    """One amount and one fact left to chance: what every future comes to, and its tenths by nearest rank."""
    shape, odds, seed, draws = random_shape(rng), rng.randrange(0, 101), rng.randrange(2**32), rng.randrange(50, 400)
    by, together = rng.random() < 0.5, rng.random() < 0.3
    book = written({"book": "chance", "self": "lab"}, [
        ("party", {"id": "lab"}), ("party", {"id": "cloud"}), ("channel", {"id": "own", "operator": "lab"}),
        ("product", {"id": "lab/api", "owner": "lab"}), ("event", {"id": "it", "ask": "Has it happened?"})])
    instrument = {"instrument": "all", "parties": ["lab", "cloud"], "signed": datetime.date(2024, 1, 1)}
    clause = written(instrument, [("share", {"id": "s", "from": "lab", "to": "cloud", "rate": "20%", "every": "month"})])
    clause += "unless = 'it'\n"
    last = datetime.date(2027, rng.randrange(1, 13), rng.randrange(1, 29))
    fact = {"event": "it", "by" if by else "on": last, "chance": f"{odds}%"} | ({"draw": "d"} if together else {})
    scenario = written(
        {"scenario": "chance", "from": datetime.date(2026, 1, 1), "until": datetime.date(2028, 1, 1),
         "known": datetime.date(2028, 1, 1), "currency": "USD", "seed": seed, "draws": draws},
        [("revenue", {"id": "r", "product": "lab/api", "channel": "own", "amount": shape | {"draw": "d"}}), ("fact", fact)])
    told = run(program, folder, (book, clause, scenario))
    days = [datetime.date(2026, 1, 1)]
    while first_of(month_of(days[-1]) + 1) <= last:
        days.append(first_of(month_of(days[-1]) + 1))
    totals, dues, times = [], [], 0
    for number in range(draws):
        u = (bits(seed, number, "d") + 0.5) / 2**53
        year = max(0.0, drawn(shape, u))
        below = 1 - F(2 * bits(seed, number, "d" if together else "fact.it") + 1, 2**54)
        happens = None
        if below < F(odds, 100):
            times += 1
            happens = days[int(below / F(odds, 100) * len(days))] if by else last
        totals.append(2 * year)
        share = sum(year / 12 * (1 if happens is None or last_of(month) < happens else
                                 max(0, (happens - first_of(month)).days) / last_of(month).day)
                    for month in range(2026 * 12, 2028 * 12))
        dues.append(0.2 * share)
    same(times, told["chances"][0]["times"], "how often it comes true")
    party = {row["party"]: row for row in told["drafts"][0]["parties"]}
    for values, row in ((totals, party["lab"]["revenue"]), (dues, party["cloud"]["received"] if "cloud" in party else None)):
        for tenth, key in ((10, "p10"), (50, "p50"), (90, "p90")):
            wanted = sorted(values)[-(-len(values) * tenth // 100) - 1]
            found = row["total"][key] if row else [0, 0]
            # Quantiles are cut to nine decimals, parts of months to the cent.
            near = all(abs(end / 100 - wanted) < 0.02 + 1e-8 * wanted for end in found)
            assert near, f"{key}: the oracle says {wanted}, the program {found}, for {shape}"


# ---------------------------------------------------------------- running


def run(program, folder, texts):
    names = ("book.toml", "all.toml", "scenario.toml")
    for name, text in zip(names, texts):
        (folder / name).write_text(text)
    command = [program, "agreement", "simulate", str(folder), str(folder / "scenario.toml"), "--json"]
    ran = subprocess.run(command, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return json.loads(ran.stdout)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--books", type=int, default=1_000)
    parser.add_argument("--futures", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    rng = random.Random(options.seed)
    moved = Counter()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="abide-forecast-"))
    for at in range(options.books + options.futures):
        try:
            if at >= options.books:
                check_chance(rng, options.program, folder)
                continue
            book, instrument = random_book(rng)
            texts = (book, instrument, random_scenario(rng, instrument))
            told = run(options.program, folder, texts)
            own = compare(*read(texts), told)
        except AssertionError as wrong:
            sys.exit(f"scenario {at} of seed {options.seed}, kept in {folder}:\n{wrong}")
        kinds = {clause["id"]: kind for kind, clause in own.clauses}
        moved.update(kinds[name] for name, payer, payee in own.dues if any(own.moved[name, payer, payee]))
        moved.update(["stakes worth"] if own.stakes else [])
        moved.update(own.seen.keys())
        moved.update(["carved out"] if any("except" in clause for _, clause in own.clauses) else [])
        moved.update(["in a country"] if any("country" in trade for trade in own.all) else [])
    for file in folder.iterdir():
        file.unlink()
    folder.rmdir()
    by_kind = ", ".join(f"{count} {kind}" for kind, count in sorted(moved.items()))
    print(f"{options.books} random forecasts from seed {options.seed} agree, money moved by {by_kind}; "
          f"{options.futures} more are drawn from")


if __name__ == "__main__":
    main()
