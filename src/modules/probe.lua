-- Compiled by the Lua that makes the bytecode, and by the one that would load it: both must come to the same. It has every
-- instruction of Lua 5.4 except LOADKX, which needs a file of 2^17 constants.
local a, b, c, d = ...
local n, f, t = 7, 3.0, { a, b, [3] = c, x = d, 1, 2, ... }
local up, big, no, yes = "text", 9007199254740993, nil, true
function t:method(v) up = v return self.x, self[v], up end
t.x, t[1], t[a], t[up] = n, f, big, no
t.x, t[1], t[a], G = 5, "k", false, a
n = a + 1 + b - c * d / a // b % c ^ d
f = a + 0.5 - 1.5 * n / 2.5 // 3.5 % 4.5 ^ 5.5
n = (a - 0.5) * 1.5 + (a % 4.5) * (a / 2.5) ^ 5.5 - a // 3.5 + (1 - a)
n = a & b | c ~ d << a >> b
n = (a & 0x1234567) | (b | 0x7654321) ~ (c ~ 0xABCDEF1)
n = (a << 1) + (a >> 1) + (2 << a) + -a + ~b + #t
up = a .. b .. "c" .. not c
if a == b and a < c or a <= d then n = a == "k" and a == 5 and b < 6 or b <= 7 or c > 8 or c >= 9 end
yes = a and b or not c
yes = a ~= d
for i = 1, n do
  local later <close> = setmetatable({}, { __close = function() return i, later, yes end })
  if i > 3 then goto out end
end
::out::
for k, v in pairs(t) do f = function() k = v return k end end
while not f do local w = a repeat a = function() return w end until a end
do local one <const> = 1 local function none() end none(one, G.x, t[2]) end
if a then return f(a, t:method(...)) end
return ...
