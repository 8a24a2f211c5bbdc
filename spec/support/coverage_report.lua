-- Adds up what coverage.lua has kept of several programs, and lists the lines with code that none of them ran; the status is 1 if there
-- is one. usage: COVERED='outcome/settle ...' lua5.4 spec/support/coverage_report.lua FILE ...      COVERED: files of lua/bybit

local ran = {} -- file -> line -> true
for name in os.getenv("COVERED"):gmatch "%S+" do ran[("lua/bybit/%s.lua"):format(name)] = {} end

for _, kept in ipairs(arg) do
  for text in io.lines(kept) do
    local file, line = text:match "^(.*):(%d+)$"
    ran[file][tonumber(line)] = true
  end
end

-- The lines that have code, as the compiler lists them: "	7	[12]	GETFIELD ...".
local function code_lines(file)
  local seen, lines, listing = {}, {}, assert(io.popen((os.getenv "LUAC" or "luac5.4") .. " -l -p " .. file))
  for text in listing:lines() do
    local line, op = text:match "^%s+%d+%s+%[(%d+)%]%s+(%u+)"
    line = math.tointeger(tonumber(line))
    if line and not seen[line] and op ~= "VARARGPREP" and not op:find "^RETURN" then
      seen[line] = true
      lines[#lines + 1] = line
    end
  end
  assert(listing:close())
  table.sort(lines)
  return lines
end

local files, whole = {}, true
for file in pairs(ran) do files[#files + 1] = file end
table.sort(files)
for _, file in ipairs(files) do
  local missing, lines = {}, code_lines(file)
  for _, line in ipairs(lines) do
    if not ran[file][line] then missing[#missing + 1] = line end
  end
  whole = whole and #missing == 0
  print(("%3d of %3d lines never ran  %s  %s"):format(#missing, #lines, file, table.concat(missing, " ")))
end
os.exit(whole)
