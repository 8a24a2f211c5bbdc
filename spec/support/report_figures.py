# Writes spec/fixtures/report.tsv: simulations, and what their reports have to say, for spec/strategy/figures_spec.lua. The runs are worked
# out here by a small exchange of its own, in exact fractions: one contract, orders without latency, candles of four hours whose points
# are at 0, 1/3, 2/3 and a millisecond before their end. Fees, funding and profits follow the exchange's documentation: rounded half up
# to 8 places, each once. Lines: "case", "candle", "order", "figure" and "text", each with its fields.
# usage: python3 spec/support/report_figures.py >spec/fixtures/report.tsv
import math
import random
import statistics
from datetime import datetime, timezone
from decimal import Decimal, ROUND_HALF_EVEN, ROUND_HALF_UP, localcontext
from fractions import Fraction

START, SPAN, DAY = 1704067200000, 4 * 3600000, 86400000
TAKER, MAKER, FUNDING, MAINTENANCE, LEVERAGE = (Fraction(x) for x in ("0.00055", "0.0002", "0.0001", "0.005", "10"))


def rounded(x, places=8, mode=ROUND_HALF_UP):
    with localcontext() as context:
        context.prec = 60
        x = Fraction(x)
        quotient = Decimal(x.numerator) / Decimal(x.denominator)
        return Fraction(quotient.quantize(Decimal(1).scaleb(-places), mode))


class Run:
    def __init__(self, inverse, tick, deposit, candles, orders):
        self.inverse, self.tick, self.wallet = inverse, tick, Fraction(deposit)
        self.candles, self.orders = candles, orders
        self.size, self.cost = Fraction(0), Fraction(0)  # longs above 0; what was paid for it, always above 0
        self.resting, self.trades, self.trips, self.trip = [], [], [], None
        self.fees = self.funding = self.turnover = Fraction(0)
        self.makers = self.held = self.requests = 0
        self.largest, self.nearest = Fraction(0), None
        self.time, self.last = START, candles[0][0]
        self.initial, self.days = self.worth(), []
        self.falls = [[w, Fraction(0), Fraction(0)] for w in self.initial]  # peak, depth, and the depth as a part of the peak
        self.marked = self.initial

    # -- what it is worth

    def value(self, quantity, price):
        return quantity / price if self.inverse else quantity * price

    def worth(self):
        open_profit = Fraction(0)
        if self.size:
            now = self.value(abs(self.size), self.last)
            gain = self.cost - now if self.inverse else now - self.cost
            open_profit = gain if self.size > 0 else -gain
        coin = self.wallet + open_profit
        return coin, coin * self.last if self.inverse else coin

    # Where the margin that is left is the maintenance margin; rounded to the tick, towards the market.
    def liquidation(self):
        d = 1 if self.size > 0 else -1
        if self.inverse:
            price = abs(self.size) * (1 + MAINTENANCE * d) / (self.cost + self.cost / LEVERAGE * d)
        else:
            price = (self.cost - self.cost / LEVERAGE * d) / (abs(self.size) * (1 - MAINTENANCE * d))
        return (math.ceil if d == 1 else math.floor)(price / self.tick) * self.tick

    # The price is somewhere, or the account has changed.
    def note(self):
        self.marked = self.worth()
        for value, fall in zip(self.marked, self.falls):
            if value > fall[0]:
                fall[0] = value
            elif fall[0] - value > fall[1]:
                fall[1], fall[2] = fall[0] - value, (fall[0] - value) / fall[0]
        if self.size:
            if abs(self.size) > abs(self.largest):
                self.largest = self.size
            distance = abs(self.last - self.liquidation()) / self.last
            assert distance > Fraction("0.002"), "a liquidation is not part of this"
            self.nearest = distance if self.nearest is None else min(self.nearest, distance)

    # -- what happens

    def trade(self, side, quantity, price, maker):
        value = self.value(quantity, price)
        fee, signed = rounded(value * (MAKER if maker else TAKER)), quantity if side == "Buy" else -quantity
        closed = min(quantity, abs(self.size)) if self.size * signed < 0 else Fraction(0)
        profit, closing_fee = Fraction(0), fee
        if closed:
            cost = self.cost * closed / abs(self.size)
            now = self.value(closed, price)
            gain = cost - now if self.inverse else now - cost
            profit = rounded(gain if self.size > 0 else -gain)
            self.cost -= cost
        if quantity > closed:
            self.cost += self.value(quantity - closed, price)
            closing_fee = fee - rounded(fee * (quantity - closed) / quantity)
        before, self.size = self.size, self.size + signed
        self.wallet += profit - fee
        self.fees, self.turnover, self.makers = self.fees + fee, self.turnover + rounded(value), self.makers + maker
        self.trades.append((self.time, side, quantity, price, fee, profit))
        # A round trip is from flat to flat. Of a fill that turns the position round, each has its part of the fee.
        self.trip = self.trip or [self.time, Fraction(0)]
        if before * self.size < 0 or self.size == 0:
            self.trip[1] += profit - (closing_fee if self.size else fee)
            self.trips.append((self.trip[0], self.time, self.trip[1]))
            self.trip = [self.time, closing_fee - fee] if self.size else None
        else:
            self.trip[1] += profit - fee

    def fund(self):
        if self.size:
            fee = rounded(self.value(abs(self.size), self.last) * FUNDING)
            fee = fee if self.size > 0 else -fee
            self.wallet, self.funding, self.trip[1] = self.wallet - fee, self.funding - fee, self.trip[1] - fee

    def move_to(self, time):
        if self.size:
            self.held += time - self.time
        self.time = time

    # A resting order is filled where the price goes through its own, by a tick.
    def point(self, time, price):
        self.move_to(time)
        self.last = price
        for side in "Buy", "Sell":
            d = 1 if side == "Buy" else -1
            for order in sorted((o for o in self.resting if o[0] == side), key=lambda o: -d * o[2]):
                if d * (order[2] - price) >= self.tick:
                    self.resting.remove(order)
                    self.trade(*order, True)
        self.note()

    # First to what hurts the position; without one away from orders that all rest on one side; else to the nearer one.
    def high_first(self, candle):
        sides = {order[0] for order in self.resting}
        if self.size:
            return self.size < 0
        if len(sides) == 1:
            return sides == {"Buy"}
        return candle[1] - candle[0] < candle[0] - candle[2]

    def go(self):
        for i, candle in enumerate(self.candles):
            begin = START + i * SPAN
            if i and begin % DAY == 0:
                self.days.append(self.marked)
            self.move_to(begin)
            if i and begin % (8 * 3600000) == 0:
                self.fund()
            up = self.high_first(candle)
            self.point(begin, candle[0])
            for _, side, quantity, limit in (o for o in self.orders if o[0] == i):
                self.move_to(begin + SPAN // 6)
                self.requests += 1
                if limit is None:
                    self.trade(side, quantity, self.last + (self.tick if side == "Buy" else -self.tick), False)
                else:
                    self.resting.append((side, quantity, limit))
                self.note()
            self.point(begin + SPAN // 3, candle[1] if up else candle[2])
            self.point(begin + SPAN * 2 // 3, candle[2] if up else candle[1])
            self.point(begin + SPAN - 1, candle[3])
        end = START + len(self.candles) * SPAN
        self.days.append(self.marked)
        self.move_to(end)
        self.fund()
        self.final = self.worth()
        self.note()

    # -- what is said of it

    def figures(self):
        span = len(self.candles) * SPAN
        coins = [self.initial[0]] + [day[0] for day in self.days]
        returns = [float(b / a - 1) for a, b in zip(coins, coins[1:])]
        profits = [trip[2] for trip in self.trips]
        won, lost = sum(p for p in profits if p > 0), -sum(p for p in profits if p <= 0)
        deviation = statistics.stdev(returns)
        downside = math.sqrt(statistics.fmean([min(r, 0) ** 2 for r in returns]))
        mean, year = statistics.fmean(returns), math.sqrt(365)
        part = float(self.falls[0][2])
        growth = float(self.final[0] / self.initial[0]) ** (365 * DAY / span) - 1
        n = len(profits)
        return {
            "profit_coin": self.final[0] - self.initial[0], "profit_usd": self.final[1] - self.initial[1],
            "drawdown_coin": self.falls[0][1], "drawdown_usd": self.falls[1][1],
            "drawdown_part": self.falls[0][2], "drawdown_usd_part": self.falls[1][2],
            "sharpe": mean / deviation * year if deviation else None,
            "sortino": mean / downside * year if downside else None,
            "calmar": growth / part if part else None,
            "win_rate": Fraction(sum(p > 0 for p in profits), n) if n else None,
            "profit_factor": won / lost if lost else None,
            "expectancy": rounded(sum(profits) / n, mode=ROUND_HALF_EVEN) if n else None,
            "best_trip": max(profits, default=None), "worst_trip": min(profits, default=None),
            "longest_trip": Fraction(max(t[1] - t[0] for t in self.trips), 1000) if n else None,
            "exposure": Fraction(self.held, span), "turnover": self.turnover, "fees": self.fees, "funding": self.funding,
            "trades": len(self.trades), "round_trips": n,
            "maker_share": Fraction(self.makers, len(self.trades)) if self.trades else None,
            "market_change": self.candles[-1][3] / self.candles[0][0] - 1,
            "requests": self.requests, "orders_left": len(self.resting), "largest_position": self.largest,
            "nearest_liquidation": self.nearest,
        }


def text_of(x):
    return "-" if x is None else repr(float(x)) if isinstance(x, (float, Fraction)) else str(x)


# The ten lines of a report.
def lines_of(f, coin, days, seed):
    places = 2 if coin == "USDT" else 8

    def amount(x):
        return f"{float(x):.{places}f}"

    def percent(x):
        return "-" if x is None else f"{float(x) * 100:.2f} %"

    def ratio(x):
        return "-" if x is None else f"{float(x):.2f}"

    def minute(ms):
        return datetime.fromtimestamp(ms / 1000, timezone.utc).strftime("%Y-%m-%dT%H:%M")

    return [
        f"span        {minute(START)} to {minute(START + days * DAY)}, {days:.1f} days",
        f"profit      {amount(f['profit_coin'])} {coin}, {float(f['profit_usd']):.2f} USD; the market {percent(f['market_change'])}",
        f"drawdown    {amount(f['drawdown_coin'])} {coin} ({percent(f['drawdown_part'])}), {float(f['drawdown_usd']):.2f} USD "
        f"({percent(f['drawdown_usd_part'])})",
        f"ratios      sharpe {ratio(f['sharpe'])}, sortino {ratio(f['sortino'])}, calmar {ratio(f['calmar'])}",
        f"trades      {f['trades']} fills, {f['round_trips']} round trips, {percent(f['win_rate'])} won, profit factor "
        f"{ratio(f['profit_factor'])}",
        f"costs       fees {amount(f['fees'])}, funding {amount(f['funding'])}, turnover {amount(f['turnover'])} {coin}",
        f"position    exposure {percent(f['exposure'])}, largest {float(f['largest_position']):g}, liquidation never nearer than "
        f"{percent(f['nearest_liquidation'])}",
        f"requests    {f['requests']}, 0 retries, 0 unknown, 0 limited; faults: none",
        f"at the end  {f['orders_left']} orders left, 0 calls unsettled",
        f"seed        {seed}, path adverse",
    ]


def candles_of(draw, days, tick):
    out, price = [], round(30000 / tick)
    for _ in range(days * DAY // SPAN):
        opened = price + draw.randint(-20, 20)
        reach = round(120 / tick)
        high, low = opened + draw.randint(0, reach), opened - draw.randint(0, reach)
        price = draw.randint(low, high) + (round(30000 / tick) - opened) // 20
        high, low = max(high, price), min(low, price)
        out.append(tuple(tick * x for x in (opened, high, low, price)))
    return out


def orders_of(draw, candles, tick, lot, kinds):
    out = []
    for i, candle in enumerate(candles):
        for _ in range(draw.choice([0, 0, 1, 1, 2])):
            side, quantity = draw.choice(["Buy", "Sell"]), lot * draw.randint(1, 5)
            limit = None
            if draw.choice(kinds) == "limit":
                away = tick * draw.randint(3, 300)
                limit = candle[0] + (-away if side == "Buy" else away)
            out.append((i, side, quantity, limit))
    return out


def case(name, symbol, deposit, days, seed, kinds, chosen=None):
    inverse = not symbol.endswith("USDT")
    draw, tick, lot = random.Random(seed), Fraction("0.5" if inverse else "0.1"), Fraction(100) if inverse else Fraction("0.01")
    candles = candles_of(draw, days, tick)
    orders = orders_of(draw, candles, tick, lot, kinds) if chosen is None else [(i, side, lot * n, None) for i, side, n in chosen]
    run = Run(inverse, tick, deposit, candles, orders)
    run.go()
    coin, figures = "BTC" if inverse else "USDT", run.figures()
    print("case", name, symbol, coin, deposit, seed, sep="\t")

    def number(x):
        return f"{float(x):.2f}"

    for c in candles:
        print("candle", *(number(x) for x in c), sep="\t")
    for i, side, quantity, limit in orders:
        print("order", START + i * SPAN + SPAN // 6, side, number(quantity), "-" if limit is None else number(limit), sep="\t")
    for key, value in figures.items():
        print("figure", key, text_of(value), sep="\t")
    for text in lines_of(figures, coin, days, seed):
        print("text", text, sep="\t")


case("market orders, inverse", "BTCUSD", "0.1", 12, 1, ["market"])
case("market orders, linear", "BTCUSDT", "5000", 12, 2, ["market"])
case("resting orders, inverse", "BTCUSD", "0.2", 10, 3, ["market", "limit", "limit", "limit"])
case("resting orders, linear", "BTCUSDT", "8000", 10, 4, ["market", "limit", "limit", "limit"])
case("no order", "BTCUSD", "1.5", 5, 5, [], [])
case("a position that stays", "BTCUSD", "0.05", 3, 6, [], [(1, "Sell", 5)])
case("one round trip, lost", "BTCUSDT", "1000", 4, 7, [], [(2, "Buy", 3), (3, "Sell", 3)])
case("one round trip, won", "BTCUSD", "0.02", 2, 8, [], [(1, "Sell", 2), (8, "Buy", 2)])
