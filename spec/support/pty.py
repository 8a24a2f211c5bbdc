"""Runs a command on a pseudo-terminal and plays a script to it, for specs of what happens at a terminal.

usage: pty.py SCRIPT COMMAND...
Each line of SCRIPT is two hexadecimal texts: what the output must come to hold, and what is typed then. Standard output
gets, for each line and for the end, the number of bytes and the bytes that came until then; last, the exit status. A
text that does not come within a minute ends all of it. No module is used that a minimal Python lacks.
"""
import os
import signal
import sys

LIMIT = 60  # seconds for one text; a healthy run needs none of them


class Session:
    def __init__(self, command):
        self.pending = b""
        self.pid, self.terminal = os.forkpty()
        if self.pid == 0:
            os.execvp("sh", ["sh", "-c", 'stty cols 80 rows 24; exec "$@"', "sh"] + command)

    def more(self):
        """Adds what comes next; False at the end."""
        signal.alarm(LIMIT)
        try:
            data = os.read(self.terminal, 65536)
        except OSError:  # the other side is closed
            data = b""
        signal.alarm(0)
        self.pending += data
        return data != b""

    def until(self, text):
        while text not in self.pending:
            if not self.more():
                tell(self.pending)
                sys.exit("ended before: %r" % text)
        end = self.pending.index(text) + len(text)
        found, self.pending = self.pending[:end], self.pending[end:]
        return found

    def rest(self):
        while self.more():
            pass
        return self.pending


def tell(data):
    sys.stdout.buffer.write(b"%d\n" % len(data) + data)
    sys.stdout.buffer.flush()


def main():
    session = Session(sys.argv[2:])

    def too_long(*_):
        tell(session.pending)
        os.kill(session.pid, signal.SIGKILL)
        sys.exit("nothing came for %d s" % LIMIT)

    signal.signal(signal.SIGALRM, too_long)
    with open(sys.argv[1], encoding="ascii") as script:
        for line in script:
            wanted, typed = (bytes.fromhex(word) for word in line.rstrip("\n").split(" "))
            tell(session.until(wanted))
            while typed:
                typed = typed[os.write(session.terminal, typed):]
    tell(session.rest())
    status = os.waitpid(session.pid, 0)[1]
    print(os.WEXITSTATUS(status) if os.WIFEXITED(status) else "killed")


main()
