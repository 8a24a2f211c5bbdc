-- Writes the text of a file as a constant in C.
-- usage: lua5.4 src/pace/embed.lua FILE NAME OUT
local from <close> = assert(io.open(arg[1], "rb"))
local out <close> = assert(io.open(arg[3], "wb"))
out:write("extern const char ", arg[2], "[];\nconst char ", arg[2], "[] = {")
out:write((from:read("a"):gsub(".", function(c) return c:byte() .. "," end)), "0};\n")
