-- The version of the module, for bybit.version and `bybit version`; it stands only here. Semantic versioning. The modules that
-- programs require ask for it first, since this file also says which Lua the module needs: another one could not even load the C core.

if _VERSION ~= "Lua 5.4" then
  local jit = rawget(_G, "jit")
  local this = type(jit) == "table" and jit.version or _VERSION
  package.loaded["bybit.version"] = nil -- Lua 5.1 would tell the next one who requires it of a loop
  error("bybit needs Lua 5.4, and this is " .. this, 5) -- 5: the line that requires the module, which requires this file
end

return "0.1.0"
