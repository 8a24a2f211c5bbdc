# Writes spec/fixtures/decimal.tsv, the expected values of spec/value/decimal_spec.lua, with Python's decimal module. Each line
# has an operation, its operands and the result. The result is "none" if no decimal of 34 digits has the wanted value.
# usage: python3 spec/support/decimal_vectors.py >spec/fixtures/decimal.tsv
import decimal
import random
from decimal import Decimal

random.seed(7)
FORMAT = decimal.Context(prec=34, Emax=6144, Emin=-6143, rounding=decimal.ROUND_HALF_EVEN)
WIDE = decimal.Context(prec=400)  # exact for every sum and product here
MODES = ["half_even", "half_up", "half_down", "up", "down", "ceiling", "floor"]


def mode(name):
    return getattr(decimal, "ROUND_" + name.upper())


def digits(most=34):
    count = min(most, random.choice([1, 3, 8, 15, 20, 33, 34]))
    return "".join(random.choice("0123456789") for _ in range(count)).lstrip("0") or "0"


def number():
    """A number as text, of at most 34 digits. Some are far below one."""
    text = digits()
    if random.random() < 0.1:
        text = "0." + "0" * random.randint(1, 60) + text
    elif random.random() < 0.7 and len(text) > 1:
        places = random.randint(1, len(text) - 1)
        text = text[:-places] + "." + text[-places:]
    return ("-" if random.random() < 0.4 else "") + text


def row(*fields):
    print(*[format(f, "f") if isinstance(f, Decimal) else f for f in fields], sep="\t")


def exact(x):
    """x as text, if it has at most 34 digits."""
    return x if FORMAT.plus(x) == x else "none"


def quotient(a, b, rounding):
    return WIDE.divide(a, b).quantize(Decimal(1), rounding=rounding, context=WIDE)


def arithmetic(a, b):
    x, y = Decimal(a), Decimal(b)
    row("add", a, b, FORMAT.add(x, y))
    row("sub", a, b, FORMAT.subtract(x, y))
    row("mul", a, b, FORMAT.multiply(x, y))
    row("cmp", a, b, int(x.compare(y)))
    if y:
        row("div", a, b, FORMAT.divide(x, y))


def floored(a, b):
    x, y = Decimal(a), Decimal(b)
    if y:
        floor = quotient(x, y, decimal.ROUND_FLOOR)
        whole = floor if abs(floor) < 10**34 else FORMAT.divide(x, y)
        row("idiv", a, b, whole)
        row("mod", a, b, FORMAT.plus(WIDE.subtract(x, WIDE.multiply(floor, y))))


def rounded(a):
    places = random.randint(-3, 8)
    for name in MODES:
        result = Decimal(a).quantize(Decimal(1).scaleb(-places), rounding=mode(name), context=WIDE)
        row("round", a, places, name, result if len(result.as_tuple().digits) <= 34 else "none")


def stepped(a, step):
    if Decimal(step) > 0:
        for name in MODES:
            row("step", a, step, name, exact(WIDE.multiply(quotient(Decimal(a), Decimal(step), mode(name)), Decimal(step))))


def halfway():
    """A number that is halfway between two multiples of a step, and its neighbours."""
    step = Decimal(random.randint(1, 9999)).scaleb(-random.randint(0, 6))
    half = WIDE.multiply(step, Decimal(random.randint(-9999, 9999) * 2 + 1) / 2)
    for near in (half, half - Decimal("1e-20"), half + Decimal("1e-20")):
        stepped(format(near, "f"), format(step, "f"))
        row("float", format(near, "f"), repr(float(near)))


def powers():
    for _ in range(60):
        text, n = number(), random.randint(-40, 40)
        x = Decimal(text)
        if x:
            row("pow", text, n, FORMAT.plus(WIDE.power(x, n) if n >= 0 else WIDE.divide(1, WIDE.power(x, -n))))
    for text, n in [("1.0001", 100000), ("1.00000001", 31536000), ("0.999", 5000), ("-1.1", 365), ("1.1", -365),
                    ("1.0001", -100000), ("2", 112), ("2", 113), ("2", -40), ("1.5", 64), ("1.00", 3), ("7", 0)]:
        x = Decimal(text)
        row("pow", text, n, FORMAT.plus(WIDE.power(x, n) if n >= 0 else WIDE.divide(1, WIDE.power(x, -n))))


for i in range(200):
    a, b = number(), number()
    arithmetic(a, b)
    row("float", a, repr(float(a)))
    row("key", a, FORMAT.plus(Decimal(a).normalize(FORMAT)) if Decimal(a) else "0")
    if i % 3 == 0:
        floored(a, b)
    if i % 10 == 0:
        rounded(a)
        stepped(a, b)
for _ in range(10):
    halfway()
powers()


def compared(a, b):
    x, y = Decimal(a), Decimal(b)
    row("cmp", a, b, int(x.compare(y)))
    row("cmp", b, a, int(y.compare(x)))


def neighbours():
    """Numbers that differ a little or only by zeros, of few digits: they are compared without the library."""
    for a, b in [("0", "-0.00"), ("0", "0.0000000000000000000000000001"), ("-0.0", "-1"), ("-3", "2"), ("20000.49", "20000.5"),
                 ("18446744073709551615", "18446744073709551616"), ("18446744073709551615.0", "18446744073709551615"),
                 ("1", "1.0000000000000000000"), ("1", "1.00000000000000000000"), ("1", "0.99999999999999999999"),
                 ("-2", "-1.9999999999999999999"), ("18446744073709551615", "1844674407370955161.500000000000000"),
                 ("-20000.50", "-20000.5"), ("-20000.51", "-20000.5")]:
        compared(a, b)
    for _ in range(60):
        x = Decimal(random.randint(-10 ** random.randint(1, 19), 10 ** random.randint(1, 19))).scaleb(-random.randint(0, 12))
        y = WIDE.add(x, Decimal(random.randint(-1, 1)).scaleb(-random.randint(0, 14)))
        compared(format(x, "f"), format(y, "f"))


neighbours()
