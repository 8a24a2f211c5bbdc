-- Notes a finding of the checker.

---@class bybit.check.State
---@field offsets integer[] where the lines begin
---@field found table[] findings
---@field look fun(name: string): bybit.check.Kind? the kind of a local
---@field scope table<string, bybit.check.Kind|false> the locals; an outer scope is behind its metatable
---@field set table<string, true> the variables that the program sets after their declaration
---@field assigned table<string, true> the fields that the program sets itself

---@param state bybit.check.State
---@param node table where
---@param message string a format
return function(state, node, message, ...)
  local offset = state.offsets[node.line]
  state.found[#state.found + 1] = { line = node.line, column = offset and node.offset - offset + 1 or 1,
    message = message:format(...) }
end
