-- The manual page of the command, in the language of man(7), from the words of the command and the declared methods.

local bybit = require "bybit"
local help = require "bybit.shell.help"

-- As man(7) prints it: a dash that can be copied, no line that begins with a request.
local function plain(text)
  return (text:gsub("\\", "\\e"):gsub("%-", "\\-"):gsub("^([.'])", "\\&%1"):gsub("\n([.'])", "\n\\&%1"))
end

local function rows(list)
  local lines = {}
  for _, row in ipairs(list) do lines[#lines + 1] = (".TP\n.B %s\n%s"):format(plain(row[1]), plain(row[2])) end
  return table.concat(lines, "\n")
end

---@param words { commands: table, options: table, statuses: table }
---@param dialect table
---@return string
return function(words, dialect)
  local options, statuses, methods = {}, {}, {}
  for i, row in ipairs(words.options) do options[i] = { "--" .. row[1] .. (row[2] and " " .. row[2] or ""), row[3] } end
  for i, row in ipairs(words.statuses) do statuses[i] = { tostring(row[2]), row[3] } end
  for i, name in ipairs(help.methods(dialect)) do methods[i] = { name, dialect.endpoints[name].doc } end
  return table.concat({
    (".TH BYBIT 1 \"\" \"bybit %s\""):format(plain(bybit.version)),
    ".SH NAME\nbybit \\- trades Bybit's perpetual contracts, inverse and linear",
    ".SH SYNOPSIS\n.B bybit\n[\\fIOPTION\\fR ...] [\\fICOMMAND\\fR] [\\fIname\\fR=\\fIvalue\\fR ...]",
    ".SH COMMANDS\n" .. rows(words.commands),
    ".SH OPTIONS\n" .. rows(options),
    ".SH METHODS\n" .. plain "`bybit help METHOD` tells the parameters of each.\n" .. rows(methods),
    ".SH EXIT STATUS\n" .. rows(statuses),
    ".SH ENVIRONMENT\n" .. rows {
      { "BYBIT_API_KEY, BYBIT_API_SECRET", "The key and its secret. The command takes the secret out of its environment when it "
        .. "reads it, so that no program it starts gets it." },
      { "BYBIT_ENVIRONMENT, BYBIT_MAINNET", "What --env env stands for; real money wants BYBIT_MAINNET=yes as well." },
      { "BYBIT_HISTORY", "The file of the session's history (~/.bybit_history)." },
      { "NO_COLOR", "Set to anything: no colours." },
      { "PAGER", "Shows long pages of help (less)." },
    },
  }, "\n")
end
