-- Assertions about plain text inside a longer one, which show the whole of it.

local assert = require "luassert"

local contains = {}

function contains.has(text, wanted)
  assert.truthy(text:find(wanted, 1, true), ("%s\n-- does not hold --\n%s"):format(text, wanted))
end

function contains.has_not(text, unwanted)
  assert.is_nil(text:find(unwanted, 1, true), text)
end

return contains
