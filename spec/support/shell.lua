-- Files, and commands of the shell, for specs of what lies outside of Lua: make, the examples, the guides' shell.

local shell = {}

--- Stands before a command that has to run as in a reader's shell: what a make, or the run of a sanitizer, hands down to
--- what it starts is not the reader's.
shell.CLEAN = "env -u MAKEFLAGS -u MAKELEVEL -u BUILD -u CC -u CFLAGS -u SANITIZE -u INJECT -u PAPER_LDFLAGS -u WRAPPER "
  .. "-u LD_PRELOAD "

--- What a command writes, to either of its outputs; whether it succeeded, and its status.
function shell.run(command)
  local pipe <close> = assert(io.popen(command .. " 2>&1"))
  local output = pipe:read "a"
  local ok, _, status = pipe:close()
  return output, ok, status
end

--- What a command writes that has to succeed.
function shell.capture(command)
  local output, ok, status = shell.run(command)
  return ok and output or error(("%s: status %s\n%s"):format(command, status, output), 2)
end

--- The bytes of a file.
function shell.read(path)
  local file <close> = assert(io.open(path, "rb"))
  return file:read "a"
end

return shell
