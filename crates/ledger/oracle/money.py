"""A second implementation of the money formulas, laid beside the ledger on random series.

    python3 crates/ledger/oracle/money.py target/debug/examples/reckon --series 10000 --seed 1

It shares no code with the ledger and follows the words of docs/agreements.md: each formula is written from its
definition over the whole series so far, not as the running state that the ledger keeps.
"""

import argparse
import datetime
import json
import random
import subprocess
import sys
from collections import Counter
from fractions import Fraction as F
from itertools import permutations

MONTHS = {"month": 1, "quarter": 3, "half": 6, "year": 12}


def cents(value):
    """Half to even, as Python rounds fractions."""
    return round(value * 100)


def tier_total(tiers, basis, x):
    if basis == "volume":
        return next(rate * x for upto, rate in tiers if upto is None or x <= upto)
    edges = [F(0)] + [upto for upto, _ in tiers[:-1]]
    total = F(0)
    for (begin, (upto, rate)) in zip(edges, tiers):
        end = x if upto is None else min(x, upto)
        if end > begin:
            total += rate * (end - begin)
    return total


def first_months(case):
    """The first month of each period, counted from the year 0: the first is the one that `month` lies in, or January 2026."""
    length = MONTHS[case["every"]]
    begins = 0 if length == 1 else case["begins"] - 1
    first = case.get("month", 2026 * 12)
    start = first - (first - begins) % length
    return [start + k * length for k in range(len(case["bases"]))]


def first_whole_month(day):
    """Periods that began before a day do not count from it on."""
    year, month, number = (int(part) for part in day.split("-"))
    return year * 12 + month - (number == 1)


def share_track(case, period_cap, room):
    tiers = [(None if upto is None else F(upto), F(rate)) for upto, rate in case["tiers"]]
    paid, out, due_so_far, counted = [], [], 0, F(0)
    months = first_months(case)
    bases = [F(base) for base in case["bases"]]
    for k, month in enumerate(months):
        start = 0
        if case["reset"]:
            span = MONTHS[case["reset"]]
            begins = 0 if span == 1 else case["begins"] - 1
            turn = lambda m: (m - begins) // span
            start = next(i for i, m in enumerate(months) if turn(m) == turn(month))
        before, after = sum(bases[start:k], F(0)), sum(bases[start : k + 1], F(0))
        gross = tier_total(tiers, case["basis"], after) - tier_total(tiers, case["basis"], before)
        if case["floor"] is not None:
            gross = max(gross, F(case["floor"]))
        if period_cap is not None:
            gross = min(gross, period_cap)
        counts = case["from"] is None or month >= first_whole_month(case["from"])
        if room is not None and counts:
            gross = min(gross, room - counted)
        gross = max(gross, F(0))
        if counts:
            counted += gross
        paid.append(gross)
        due = cents(sum(paid, F(0))) - due_so_far
        due_so_far += due
        out.append((gross, due))
    return out


def share(case):
    total, used = case["total"], case["used"]
    period = None if case["period"] is None else F(case["period"])
    if total is None:
        ends = (None, None)
    elif total == "unknown":
        ends = (F(0), None)
    elif used == "unknown":
        ends = (F(0), F(total))
    else:
        left = max(F(0), F(total) - F(used or 0))
        ends = (left, left)
    low, high = share_track(case, period, ends[0]), share_track(case, period, ends[1])
    return [[a, b, c, d] for (a, c), (b, d) in zip(low, high)]


def guarantee(case):
    shortfalls, out, paid, given = [], [], F(0), 0
    for k, (minimum, earned) in enumerate(zip(map(F, case["minima"]), map(F, case["earned"]))):
        wanted = max(F(0), earned - minimum)
        taken = F(0)
        for row in shortfalls:
            if 1 <= k - row["in"] <= case["window"]:
                part = min(row["left"], wanted - taken)
                row["left"] -= part
                taken += part
        shortfalls.append({"in": k, "left": max(F(0), minimum - earned)})
        pay = max(minimum, earned - taken)
        paid += pay
        due = cents(paid) - given
        given += due
        out.append([pay, due])
    return out


def commit(case):
    part = {key: F(case[key]) for key in ("shortfall", "carry", "rollover")}
    committed, drawn = list(map(F, case["committed"])), list(map(F, case["drawn"]))
    rolled = carried = F(0)
    out, owed, given = [], F(0), 0
    for k, (amount, bought) in enumerate(zip(committed, drawn)):
        available = max(F(0), amount + rolled - carried)
        last = k + 1 == len(committed)
        lapsed = last and case["lapses"]
        gap, beyond = max(F(0), available - bought), max(F(0), bought - available)
        rolled = F(0) if last else min(gap, part["rollover"] * amount)
        carried = F(0) if last else min(beyond, part["carry"] * amount)
        fee = F(0) if lapsed else part["shortfall"] * (gap - rolled)
        owed += fee
        due = cents(owed) - given
        given += due
        out.append([available, fee, due])
    return out


def split(case):
    gross, units = F(case["gross"]), F(case["units"])
    sign = -1 if gross < 0 else 1
    left, parts = abs(gross), []
    for kind, figure, cap in case["steps"]:
        wanted = {
            "gross": lambda: F(figure) * abs(gross),
            "remaining": lambda: F(figure) * left,
            "fixed": lambda: F(figure),
            "wholesale": lambda: F(figure) * units * sign,
            "remainder": lambda: left,
        }[kind]()
        if cap is not None:
            wanted = min(wanted, F(cap))
        part = min(max(wanted, F(0)), left)
        left -= part
        parts.append(part)
    total = abs(cents(gross))
    quotas = [part * total / abs(gross) if gross else F(0) for part in parts]
    minor = [quota.numerator // quota.denominator for quota in quotas]
    rest = total - sum(minor)
    if case["rounding"] == "first":
        minor[0] += rest
    elif case["rounding"] == "last":
        minor[-1] += rest
    else:
        order = sorted(range(len(parts)), key=lambda i: (-(quotas[i] - minor[i]), i))
        for i in order[:rest]:
            minor[i] += 1
    return [[sign * part for part in parts], [sign * part for part in minor]]


def parity(case):
    prices = [F(paid) / F(units) * F(adjust) for units, paid, adjust in case["others"]]
    if not prices:
        return F(0)
    credit = F(0)
    for units, paid, _ in case["own"]:
        own = F(paid) / F(units)
        credit += F(units) * (own - min([own] + prices))
    return credit


def determinant(rows):
    total = F(0)
    for order in permutations(range(len(rows))):
        sign = (-1) ** sum(order[i] > order[j] for i in range(len(order)) for j in range(i + 1, len(order)))
        product = F(sign)
        for i, j in enumerate(order):
            product *= rows[i][j]
        total += product
    return total


def stake(case):
    """X = W (I - W)^-1, the inverse by cofactors."""
    w = [[F(part) for part in row] for row in case["direct"]]
    n = len(w)
    m = [[F(i == j) - w[i][j] for j in range(n)] for i in range(n)]
    det = determinant(m)
    if det == 0:
        return None
    minor = lambda i, j: [[m[a][b] for b in range(n) if b != j] for a in range(n) if a != i]
    inverse = [[(-1) ** (i + j) * determinant(minor(j, i)) / det for j in range(n)] for i in range(n)]
    return [[sum(w[i][k] * inverse[k][j] for k in range(n)) for j in range(n)] for i in range(n)]


DAY = datetime.timedelta(days=1)


def date(text):
    return datetime.date.fromisoformat(text)


def month_start(month):
    return datetime.date(month // 12, month % 12 + 1, 1)


def rate_table(rows, pair):
    """What the rows say of a pair, by their days: a row that names it the other way round only where none names it so."""
    found = {}
    for pick in ("inverse", "direct"):
        for source, into, value, *days in rows:
            if pick == "inverse" and (into, source) == pair:
                found[tuple(map(date, days))] = 1 / F(value)
            if pick == "direct" and (source, into) == pair:
                found[tuple(map(date, days))] = F(value)
    return found


def convert(case):
    """A fifth of revenue in several currencies, settled in dollars where there is a rate."""
    length = MONTHS[case["every"]]
    begins = 0 if length == 1 else case["begins"] - 1
    # The statement is over 2026.
    at = min(date(case["at"]), datetime.date(2027, 1, 1))

    def period_of(day):
        month = day.year * 12 + day.month - 1
        first = month - (month - begins) % length
        return month_start(first), month_start(first + length)

    def dated(pair, day):
        table = rate_table(case["rates"], pair)
        known = [on for (on,) in table if on <= day]
        return table[(max(known),)] if known else None

    def rate(pair, day):
        if case["rule"] == "day":
            return dated(pair, day)
        first, after = period_of(day)
        over = min(after, at)
        if case["rule"] == "closing":
            return dated(pair, over - DAY)
        averages = rate_table(case["averages"], pair)
        if (first, after) in averages:
            return averages[(first, after)]
        each = []
        for n in range((over - first).days):
            today = first + n * DAY
            holding = [(until - since, value) for (since, until), value in averages.items() if since <= today < until]
            each.append(min(holding, key=lambda one: one[0])[1] if holding else dated(pair, today))
        return None if None in each else sum(each, F(0)) / len(each)

    bases = {"USD": {}}
    for day, currency, amount in case["sales"]:
        day = date(day)
        if day >= at:
            continue
        one = F(1) if currency == "USD" else rate((currency, "USD"), day)
        into, worth = (currency, F(amount)) if one is None else ("USD", F(amount) * one)
        periods = bases.setdefault(into, {})
        first = period_of(day)[0]
        periods[first] = periods.get(first, F(0)) + worth
    out = []
    for currency in sorted(bases):
        shared, given, rows = F(0), 0, []
        for first, base in sorted(bases[currency].items()):
            shared += max(F(0), base / 5)
            due = cents(shared) - given
            given += due
            rows.append([base, due])
        out.append(rows)
    return out


def decimal(rng, most):
    return f"{rng.randrange(most)}.{rng.randrange(100):02}"


def ratio(rng, low, high):
    return str(F(rng.randrange(low, high), rng.randrange(1, 700)))


def percent(rng):
    return str(F(rng.randrange(0, 1001), 1000))


def random_share(rng):
    edges = sorted(rng.sample(range(1, 400), rng.randrange(0, 4)))
    tiers = [[f"{edge}.{rng.randrange(100):02}", percent(rng)] for edge in edges] + [[None, percent(rng)]]
    if edges and len({F(t[0]) for t in tiers[:-1]}) < len(edges):
        return random_share(rng)
    every = rng.choice(list(MONTHS))
    return {
        "kind": "share",
        "tiers": tiers,
        "basis": rng.choice(["marginal", "volume"]),
        "reset": rng.choice([None, None, *MONTHS]),
        "every": every,
        "begins": rng.randrange(1, 13),
        "floor": rng.choice([None, decimal(rng, 20)]),
        "period": rng.choice([None, decimal(rng, 60)]),
        "total": rng.choice([None, "unknown", decimal(rng, 200), decimal(rng, 50)]),
        "used": rng.choice([None, None, "unknown", decimal(rng, 60)]),
        "from": rng.choice([None, None, f"{rng.randrange(2026, 2029)}-{rng.randrange(1, 13):02}-01"]),
        "bases": [ratio(rng, -5_000, 60_000) for _ in range(rng.randrange(0, 14))],
    }


def random_day(rng, first, count):
    return str(date(first) + rng.randrange(count) * DAY)


def random_convert(rng):
    currencies = ["EUR", "GBP", "USD"]
    pair = lambda: rng.sample(currencies, 2)
    worth = lambda: f"{rng.randrange(0, 3)}.{rng.randrange(1, 1000):03}"
    every, begins = rng.choice(list(MONTHS)), rng.randrange(1, 13)
    rates = [[*pair(), worth(), random_day(rng, "2025-01-01", 700)] for _ in range(rng.randrange(0, 8))]
    averages, spans = [], set()
    for _ in range(rng.randrange(0, 6)):
        length = rng.choice([MONTHS[every], MONTHS[every], 1, 3])
        first = 2026 * 12 + begins - 1 + rng.randrange(-24, 24)
        # Two averages of one length that overlap would both be the shortest that holds a day.
        if all((length, month) not in spans for month in range(first - length + 1, first + length)):
            spans.add((length, first))
            averages.append([*pair(), worth(), str(month_start(first)), str(month_start(first + length))])
    sale = lambda: [random_day(rng, "2026-01-01", 365), rng.choice(currencies), decimal(rng, 900)]
    return {
        "kind": "convert",
        "rule": rng.choice(["day", "average", "closing"]),
        "every": every,
        "begins": begins,
        "rates": rates,
        "averages": averages,
        "sales": [sale() for _ in range(rng.randrange(0, 12))],
        "at": random_day(rng, "2026-02-01", 400),
    }


def random_case(rng):
    kinds = ["share", "share", "share", "guarantee", "commit", "split", "parity", "stake", "convert"]
    kind = rng.choice(kinds)
    count = rng.randrange(1, 12)
    if kind == "convert":
        return random_convert(rng)
    if kind == "share":
        return random_share(rng)
    if kind == "guarantee":
        return {
            "kind": kind,
            "window": rng.randrange(0, 5),
            "minima": [ratio(rng, 0, 30_000) for _ in range(count)],
            "earned": [ratio(rng, 0, 60_000) for _ in range(count)],
        }
    if kind == "commit":
        return {
            "kind": kind,
            "shortfall": percent(rng),
            "carry": percent(rng),
            "rollover": percent(rng),
            "committed": [ratio(rng, 0, 30_000) for _ in range(count)],
            "drawn": [ratio(rng, -1_000, 40_000) for _ in range(count)],
            "lapses": rng.random() < 0.2,
        }
    if kind == "split":
        kinds = ["gross", "remaining", "fixed", "wholesale"]
        steps = []
        for _ in range(rng.randrange(0, 6)):
            step = rng.choice(kinds)
            figure = percent(rng) if step in ("gross", "remaining") else decimal(rng, 50)
            steps.append([step, figure, rng.choice([None, None, decimal(rng, 40)])])
        return {
            "kind": kind,
            "gross": ratio(rng, -60_000, 60_000),
            "units": str(rng.randrange(-20, 20)),
            "steps": steps + [["remainder", "0", None]],
            "rounding": rng.choice(["largest-remainder", "first", "last"]),
        }
    if kind == "parity":
        deal = lambda adjust: [str(rng.randrange(1, 50)), ratio(rng, 0, 60_000), adjust]
        return {
            "kind": kind,
            "own": [deal("1") for _ in range(rng.randrange(0, 4))],
            "others": [deal(str(F(rng.randrange(80, 130), 100))) for _ in range(rng.randrange(0, 5))],
        }
    n = rng.randrange(1, 5)
    rows = [[F(0)] * n for _ in range(n)]
    for company in range(n):
        left = F(1)
        for holder in range(n):
            if holder != company and rng.random() < 0.6:
                part = min(left, F(rng.randrange(0, 101), 100))
                rows[holder][company] = part
                left -= part
    return {"kind": "stake", "direct": [[str(part) for part in row] for row in rows]}


def read(value):
    """What the ledger printed, as numbers."""
    if isinstance(value, list):
        return [read(part) for part in value]
    return None if value is None else F(value)


ANSWERS = {
    "share": share,
    "guarantee": guarantee,
    "commit": commit,
    "split": split,
    "parity": parity,
    "stake": stake,
    "convert": convert,
}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--series", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    rng = random.Random(options.seed)
    cases = [random_case(rng) for _ in range(options.series)]
    asked = "".join(json.dumps(case) + "\n" for case in cases)
    ran = subprocess.run([options.program], input=asked, capture_output=True, text=True)
    if ran.returncode != 0:
        sys.exit(f"the ledger's program failed: {ran.stderr}")
    answers = ran.stdout.splitlines()
    if len(answers) != len(cases):
        sys.exit(f"{len(answers)} answers to {len(cases)} series")
    counts = Counter()
    for at, (case, answer) in enumerate(zip(cases, answers)):
        expected, found = ANSWERS[case["kind"]](case), read(json.loads(answer))
        if expected != found:
            sys.exit(f"series {at} of seed {options.seed}:\n{json.dumps(case)}\nledger {found}\noracle {expected}")
        counts[case["kind"]] += 1
    by_kind = ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items()))
    print(f"{len(cases)} random money series from seed {options.seed} agree: {by_kind}")


if __name__ == "__main__":
    main()
