-- What a run that counts fills asks of the exchange's books.

--- The fills that the books have behind the newest one that is known, oldest first. Raises when the books have forgotten that one.
---@param exchange table
---@param newest string? its execution_id; nil: none is known
---@return table[]
return function(exchange, newest)
  local rows = exchange:books().executions
  local first = #rows + 1
  while first > 1 and rows[first - 1].execution_id ~= newest do first = first - 1 end
  assert(first > 1 or newest == nil, "the books forget too much")
  return table.move(rows, first, #rows, 1, {})
end
