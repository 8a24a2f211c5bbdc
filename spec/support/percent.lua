-- Percent-encoding, apart from the one under test.

local percent = {}

--- A text as it stands in a URL: all but RFC 3986's unreserved characters as %XX.
function percent.encode(text)
  return (tostring(text):gsub("[^%w%-_.~]", function(c) return ("%%%02X"):format(c:byte()) end))
end

function percent.decode(text)
  return (text:gsub("%%(%x%x)", function(hex) return string.char(tonumber(hex, 16)) end))
end

--- The parameters of a query or of a form, decoded, by name.
function percent.params(text)
  local params = {}
  for name, value in text:gmatch "([^&=]+)=([^&]*)" do params[percent.decode(name)] = percent.decode(value) end
  return params
end

return percent
