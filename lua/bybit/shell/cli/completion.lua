-- What may come next on a command line, for the completion of shells: `bybit complete WORDS` prints it, and the scripts of
-- `bybit completion SHELL` ask that. It comes from the declarations, like help.

local environments = require "bybit.client.environments"
local enums = require "bybit.records.enums"
local help = require "bybit.shell.help"
local later = require "bybit.later"
local rows = require "bybit.wire.rows"

local topics = later.module "bybit.stream.topics"

local completion = {}

-- The scripts, by shell. bash breaks words at '=' and has its own idea of the last one, so the line is read as it stands.
completion.scripts = {
  bash = [==[
_bybit() {
  local line="${COMP_LINE:0:COMP_POINT}" last
  local -a words found
  read -ra words <<<"$line"
  [[ $line == *' ' ]] && words+=('')
  last="${words[${#words[@]}-1]}"
  mapfile -t found < <("${words[0]}" complete "${words[@]:1}" 2>/dev/null)
  COMPREPLY=()
  local word
  for word in "${found[@]}"; do
    [[ $last == *=* ]] && word="${word#*=}"
    COMPREPLY+=("$word")
  done
  [[ ${#found[@]} == 1 && ${found[0]} == *= ]] && compopt -o nospace 2>/dev/null
  return 0
}
complete -o default -F _bybit bybit]==],
  -- Read with `source`, it names its function; loaded by zsh from a folder of functions, it is the function's first call.
  zsh = [==[
#compdef bybit
_bybit() {
  local -a found
  found=(${(f)"$(${words[1]} complete "${(@)words[2,CURRENT-1]}" "$PREFIX" 2>/dev/null)"})
  (( ${#found} )) || { _files; return }
  compadd -S '' -- ${(M)found:#*=}
  compadd -- ${found:#*=}
}
if [[ $funcstack[1] == _bybit ]]; then _bybit "$@"; else compdef _bybit bybit; fi]==],
  fish = [==[
function __bybit_complete
  set -l words (commandline -opc)
  $words[1] complete $words[2..-1] (commandline -ct) 2>/dev/null
end
complete -c bybit -f -a '(__bybit_complete)'
complete -c bybit -n '__fish_seen_subcommand_from check journal share halt resume' -F
complete -c bybit -n '__fish_prev_arg_in --credentials' -F]==],
}

local SYMBOLS = { "BTCUSD", "ETHUSD", "EOSUSD", "XRPUSD", "BTCUSDT", "ETHUSDT", "BTCPERP" }

local function keys(...)
  local list = {}
  for _, t in ipairs { ... } do
    for name in pairs(t) do list[#list + 1] = name end
  end
  return list
end

local VALUES = {
  enum = function(p) return enums[p.enum].values end,
  boolean = function() return { "true", "false" } end,
  symbol = function() return SYMBOLS end,
}

local function parameters(dialect, row, given, last)
  local name = last:match "^([%w_]+)="
  local list, needed = {}, {}
  if row.elements and not name then list[1] = "order=" end
  for _, params in ipairs { row.elements and rows.element_params(row) or {}, row.params, dialect.common } do
    for _, p in ipairs(params) do
      local values = p[1] == name and VALUES[p[3]]
      for _, value in ipairs(values and values(p) or {}) do list[#list + 1] = name .. "=" .. value end
      if not name and not given[p[1]] and p[3] ~= "token" then
        list[#list + 1] = p[1] .. "="
        if p.required then needed[#needed + 1] = p[1] .. "=" end
      end
    end
  end
  return last == "" and #needed > 0 and not row.elements and needed or list -- what has to be given comes first
end

-- The words before the last one: those that are no option, the names that have a value, the option that wants one.
local function before(words, options)
  local plain, given, wanting = {}, {}, nil
  for i = 1, #words - 1 do
    local word = words[i]
    local option = word:match "^%-%-([%a%-]+)$"
    if wanting then
      wanting = nil
    elseif option then
      for _, row in ipairs(options) do
        if row[1] == option and row[2] then wanting = option end
      end
    else
      plain[#plain + 1] = word
      given[word:match "^([%w_]+)=" or ""] = true
    end
  end
  return plain, given, wanting
end

local function candidates(dialect, words, options, commands)
  local last = words[#words] or ""
  local plain, given, wanting = before(words, options)
  local first = plain[1]
  if wanting then return wanting == "env" and keys(environments, { paper = true, env = true }) or {} end
  if last:find "^%-" then
    local list = {}
    for i, row in ipairs(options) do list[i] = "--" .. row[1] end
    return list
  end
  if first == "watch" then first = table.remove(plain, 1) and plain[1] or "watch" end
  local row = first and rows.method(dialect.endpoints, first)
  if row then return parameters(dialect, row, given, last) end
  if first == "help" then return table.move(help.methods(dialect), 1, #help.methods(dialect), 1, {}) end
  if first == "tail" then return table.move(topics.names, 1, #topics.names, 1, {}) end
  if first == "completion" then return keys(completion.scripts) end
  if first == "request" then return plain[2] and {} or { "GET", "POST" } end
  if first == "watch" then return help.methods(dialect) end
  return first and {} or table.move(help.methods(dialect), 1, #help.methods(dialect), #keys(commands) + 1, keys(commands))
end

--- What the last of the words may become.
---@param dialect table
---@param words string[] after `bybit`; the last one is being typed
---@param options table[] rows of the command's options
---@param commands table<string, any> by name
---@return string[]
function completion.of(dialect, words, options, commands)
  local last, found = words[#words] or "", {}
  for _, word in ipairs(candidates(dialect, words, options, commands)) do
    if word:sub(1, #last) == last then found[#found + 1] = word end
  end
  table.sort(found)
  return found
end

return completion
