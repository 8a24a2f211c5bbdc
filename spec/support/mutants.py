"""Would a spec notice? Changes one operator or constant at a time in the files of a room, and runs the specs of that room.
Prints the changes that no spec noticed. usage: make mutants ROOM=pace COUNT=40 SEED=1; ROOM=all (the default) takes
COUNT changes of each room. AT="src/pace/line.c:118-120 src/pace/clock.c" makes every change of these lines and of that
file, in place of a sample. LIST=1 only prints the changes.

It works on a copy of the tree (build/mutants/tree), so no file of the tree itself is changed. If a change compiles to the
same code, or does not compile, no specs run. A spec that takes far too long counts as failed: it is in an endless
loop."""

import difflib
import glob
import os
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import time

# Where rooms and their specs are; no other place knows. room -> files, specs (the quickest first), and environment variables
# for the specs.
ROOMS = {
    "call": (
        "src/call/*.c",
        "outcome/recovery client/options wire/echo tasks/closed tasks/calls outcome/confirm call/cancel call/log e2e/orders"
        " e2e/recovery e2e/codes e2e/exactly_once journal/intents outcome/conflicts outcome/crossed outcome/late_copies"
        " outcome/time outcome/final tasks/scheduler e2e/limits wire/v2/requests loop/interrupt wire/secrets outcome/stopped",
        {}),
    "pace": (
        "src/pace/*.c",
        "pace/line pace/clock e2e/clock wire/v2/limits e2e/limits pace/limiter pace/property outcome/clocks",
        {"CALLS": "2000"}),
    "journal": (
        "src/journal/*.c",
        "journal/intents journal/file journal/crash",
        {}),
    "loop": (
        "src/loop/timers.c src/loop/token.c lua/bybit/tasks/timers.lua",
        "loop/timers tasks/timers tasks/scheduler call/cancel tasks/calls",
        {}),
    "wire": (
        "src/wire/sign.c src/wire/url.c",
        "pace/line wire/sign client/options wire/http wire/secrets",
        {}),
    "value": (
        "src/value/*.c",
        "value/moment value/json value/random e2e/exact wire/v2/records records/fields schema/declarations value/decimal"
        " wire/v2/requests wire/hostile wire/http",
        {}),
    "schema": (
        "src/schema/decode.c src/schema/members.c src/schema/field.c src/schema/record.c src/schema/envelope.c",
        "schema/shortcuts schema/declarations records/fields wire/v2/records wire/foreign_answers methods/lists",
        {}),
    "outcome": (
        "lua/bybit/outcome/*.lua",
        "outcome/recovery outcome/confirm wire/v2/recovery e2e/recovery e2e/clock e2e/exactly_once journal/intents"
        " outcome/clocks outcome/conflicts outcome/crossed outcome/late_copies outcome/second_hand outcome/time"
        " outcome/reconcile outcome/final outcome/edges outcome/contradictions outcome/model outcome/stopped",
        {"CASES": "60", "SEED": "1"}),
}
MEMORY = 4 << 30

SWAPS = {"<": ["<=", ">"], "<=": ["<", ">="], ">": [">=", "<"], ">=": [">", "<="], "==": ["!="], "!=": ["=="],
         "~=": ["=="], "&&": ["||"], "||": ["&&"], "and": ["or"], "or": ["and"], "+": ["-"], "-": ["+"], "+=": ["-="],
         "-=": ["+="], "true": ["false"], "false": ["true"], "!": [""], "not": [""]}
C = re.compile(r"""(?P<skip>//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|^[ \t]*\#(?:\\\n|[^\n])*)
    |(?P<number>0[xX][0-9a-fA-F]+[uUlL]*|\d+(?:\.\d+)?(?:[eE][-+]?\d+)?[uUlLfF]*)
    |(?P<word>[A-Za-z_]\w*)
    |(?P<op>->|<<=?|>>=?|<=|>=|==|!=|&&|\|\||\+\+|--|\+=|-=|\S)""", re.S | re.M | re.X)
LUA = re.compile(r"""(?P<skip>--\[(=*)\[.*?\]\2\]|--[^\n]*|\[(=*)\[.*?\]\3\]|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|<close>|<const>)
    |(?P<number>0[xX][0-9a-fA-F]+|\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)
    |(?P<word>[A-Za-z_]\w*)
    |(?P<op>==|~=|<=|>=|<<|>>|//|\.\.\.?|\S)""", re.S | re.X)


def changed(kind, text, before, lua):
    """What the token may become."""
    if kind == "number":
        plain = re.fullmatch(r"(0|[1-9]\d*)([uUlL]*)", text)
        if plain:
            n = int(plain[1])
            return [str(1 - n if n < 2 else n + 1) + plain[2]]
        if re.fullmatch(r"\d+(\.\d+)?[eE][-+]?\d+", text):
            return ["0.0"]
        return ["1" + text] if re.fullmatch(r"\d+\.\d+", text) else []
    if lua and text == "-" and not re.fullmatch(r"[\w)\]}\"']+", before or "("):
        return []  # a sign
    if lua and text == "==":
        return ["~="]
    return SWAPS.get(text, [])


class Mutant:
    def __init__(self, path, source, start, end, new):
        self.path, self.new, self.source = path, new, source
        self.old = source[start:end]
        self.line = source.count("\n", 0, start) + 1
        self.column = start - source.rfind("\n", 0, start)
        self.text = source[:start] + new + source[end:]

    def name(self):
        return f"{self.path}:{self.line}:{self.column} '{self.old}' -> '{self.new}'"


def mutants_of(path):
    with open(path, encoding="utf-8") as file:
        source = file.read()
    lua, before, found = path.endswith(".lua"), None, []
    for m in (LUA if lua else C).finditer(source):
        if m.lastgroup == "skip" or m["skip"] is not None:
            continue
        kind = "number" if m["number"] else "word" if m["word"] else "op"
        found += [Mutant(path, source, m.start(), m.end(), new) for new in changed(kind, m[0], before, lua)]
        before = m[0] if m[0] not in ("return", "and", "or", "not", "then", "else") else "("
    return found


class Tree:
    """The copy, and what runs in it."""

    def __init__(self, root, lua):
        self.root, self.lua = root, lua
        self.env = {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MFLAGS"))}
        for name in ("ROOM", "COUNT", "AT", "LIST", "SEED", "CASES", "CALLS"):
            self.env.pop(name, None)
        self.env.update(LUA=lua, BUILD="build", LUA_PATH="lua/?.lua;lua/?/init.lua;;", LUA_CPATH="build/?.so;;")
        self.times, self.told = {}, {}

    def refresh(self):
        """Copies files of the tree, with their times, so that make builds only what is new."""
        names = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], check=True, capture_output=True, text=True)
        wanted = {name for name in names.stdout.split("\n") if name and os.path.isfile(name)}
        for folder, folders, files in os.walk(self.root):
            at = os.path.relpath(folder, self.root)
            folders[:] = [f for f in folders if not (at == "." and f == "build")]
            for file in files:
                if os.path.normpath(os.path.join(at, file)) not in wanted:
                    os.remove(os.path.join(folder, file))
        for name in wanted:
            to = os.path.join(self.root, name)
            os.makedirs(os.path.dirname(to), exist_ok=True)
            if not os.path.exists(to) or open(to, "rb").read() != open(name, "rb").read():
                shutil.copy(name, to)
        if not self.make("all", "hosts"):
            sys.exit("it does not build")

    def make(self, *what):
        return self.run(["make", "-s", "LUA=" + self.lua, *what], 600) == 0

    def run(self, command, seconds):
        """The exit code of a command. 'timeout' if it takes too long: then it is ended, with all that it started."""
        def limit():
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
            resource.setrlimit(resource.RLIMIT_FSIZE, (MEMORY // 4, resource.RLIM_INFINITY)) # a spec sets its own
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        with open(os.path.join(self.root, "..", "output"), "wb") as output:
            child = subprocess.Popen(command, cwd=self.root, env=self.env | self.told, stdin=subprocess.DEVNULL, stdout=output,
                                     stderr=subprocess.STDOUT, start_new_session=True, preexec_fn=limit)
            try:
                return child.wait(seconds)
            except subprocess.TimeoutExpired:
                return "timeout"
            finally:
                try:
                    os.killpg(child.pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
                child.wait()

    def spec(self, name):
        return self.run([self.lua, "spec/support/run.lua", "--no-keep-going", f"spec/{name}_spec.lua"],
                        30 + 10 * self.times.get(name, 60))

    def baseline(self, specs, told):
        """Runs each spec before anything is changed: it must pass. Returns how long each takes."""
        self.told, self.times = told, {}
        for name in specs:
            began = time.monotonic()
            if self.spec(name) != 0:
                sys.exit(f"{name}: fails as it is; see {self.root}/../output")
            self.times[name] = time.monotonic() - began

    def built(self):
        return glob.glob(os.path.join(self.root, "build/bybit/*.so"))

    def judge(self, m, specs):
        """Returns what became of the change, and which spec noticed it."""
        at = os.path.join(self.root, m.path)
        stat = os.stat(at)
        original = open(at, "rb").read()
        code = self.object_of(m.path)
        saved = [(path, path + ".saved") for path in ([code] + self.built() if code else [])]
        try:
            for path, copy in saved:
                shutil.copy2(path, copy)
            with open(at, "w", encoding="utf-8") as file:
                file.write(m.text)
            if code is None:
                if self.run([self.lua, "-e", "assert(loadfile(arg[0]))", m.path], 20) != 0:
                    return "does not compile", ""
            elif not self.make("all"):
                return "does not compile", ""
            elif open(code, "rb").read() == open(code + ".saved", "rb").read():
                return "same code", ""
            for name in specs:
                result = self.spec(name)
                if result != 0:
                    return "killed", name + (" (timeout)" if result == "timeout" else "")
            return "survived", ""
        finally:
            with open(at, "wb") as file:
                file.write(original)
            os.utime(at, ns=(stat.st_atime_ns, stat.st_mtime_ns))
            for path, copy in saved:
                if os.path.exists(copy):
                    shutil.move(copy, path)

    def object_of(self, path):
        if not path.endswith(".c"):
            return None
        return os.path.join(self.root, "build/obj", os.path.relpath(path, "src")[:-2] + ".o")


def within(m, at):
    path, _, lines = at.partition(":")
    first, _, last = lines.partition("-")
    return m.path == path and (not first or int(first) <= m.line <= int(last or first))


def sample(room, count, seed):
    files = sorted(path for pattern in ROOMS[room][0].split() for path in glob.glob(pattern))
    everything = [m for path in files for m in mutants_of(path)]
    if os.environ.get("AT"):
        return [m for m in everything if any(within(m, at) for at in os.environ["AT"].split())]
    # At most a third of the sample are constants, since some files are tables of numbers.
    draw = random.Random(seed)
    numbers = [m for m in everything if m.old[0].isdigit()]
    others = [m for m in everything if not m.old[0].isdigit()]
    few = min(count // 3, len(numbers))
    return draw.sample(others, min(count - few, len(others))) + draw.sample(numbers, few)


def diff_of(m):
    return "\n".join(list(difflib.unified_diff(m.source.split("\n"), m.text.split("\n"), lineterm="", n=0))[2:])


def main():
    room, count, seed = os.environ.get("ROOM") or "all", int(os.environ.get("COUNT") or 40), os.environ.get("SEED") or "1"
    rooms = list(ROOMS) if room == "all" else room.split()
    chosen = {name: sample(name, count, seed) for name in rooms}
    if os.environ.get("LIST"):
        for name in rooms:
            print("\n".join(m.name() for m in chosen[name]))
        return 0
    tree = Tree(os.path.join(os.environ.get("BUILD") or "build", "mutants/tree"), os.environ.get("LUA") or "lua5.4")
    os.makedirs(tree.root, exist_ok=True)
    tree.refresh()
    survivors = []
    for name in rooms:
        if not chosen[name]:
            continue
        specs, counts = ROOMS[name][1].split(), {}
        tree.baseline(specs, ROOMS[name][2])
        for m in chosen[name]:
            what, by = tree.judge(m, specs)
            counts[what] = counts.get(what, 0) + 1
            print(f"  {what:16} {m.name()}  {by}", flush=True)
            if what == "survived":
                survivors.append(m)
        print(f"{name}, SEED={seed}: " + ", ".join(f"{n} {what}" for what, n in sorted(counts.items())), flush=True)
    for m in survivors:
        print(f"\nsurvived: {m.name()}\n{diff_of(m)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
