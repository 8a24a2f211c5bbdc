-- The words for what is written in C, in LuaCATS form: read by doc/generate/surface.lua, never run. A spec holds it to what the
-- module really has.

---An exact decimal: up to 34 digits, immutable. Operators take decimals, integers, numeric strings and floats that are
---what they look like; +, -, *, /, //, %, ^ (integer exponents), unary -, ==, <, <=, .. are there. `==` between a decimal
---and a plain number is false without asking anyone: use `x:eq(30000)`. Equal decimals are different table keys: use
---`x:key()`. `("%.2f"):format(x)` raises: `x:round(2)` always has two places.
---@class bybit.Decimal
---@operator add(bybit.exact): bybit.Decimal
---@operator sub(bybit.exact): bybit.Decimal
---@operator mul(bybit.exact): bybit.Decimal
---@operator div(bybit.exact): bybit.Decimal
---@operator idiv(bybit.exact): bybit.Decimal
---@operator mod(bybit.exact): bybit.Decimal
---@operator pow(integer): bybit.Decimal
---@operator concat(any): string
---@operator unm: bybit.Decimal

---Ends calls that hold it, see bybit.cancel_token.
---@class bybit.Token

---Facts about the request behind a result; prints as `200, 12 ms`. `headers` is made from `header_lines` when it is first
---read, or by `pairs`; `next` and `rawget` do not see it before.
---@class bybit.Response
---@field status integer? HTTP status; nil when there was no answer
---@field headers table<string, string> of the answer, names in small letters
---@field header_lines string? the same as they came, in one text; nil when there were none
---@field duration number seconds the call took
---@field attempts integer how often a request was sent
---@field requests integer how many requests the call made
---@field time integer? the exchange's clock when it answered, ms
---@field undecoded string[]? fields that did not decode as declared and were kept as text
---@field flaw string? what the exchange says of a success that is not a whole one: an order placed without its stop loss
---@field unchanged boolean? everything was already as asked
---@field unjournalled string? why a call that takes risk away went out though its intent could not be written
---@field unconfirmed bybit.Error? why the read-back of a placed order (`confirm`) failed
---@field raw string? the answer's text, with `raw = true`

---An exact decimal from an integer, a decimal string (`-?%d+(%.%d+)?`), a decimal, or a float whose shortest text has at
---most 15 digits (0.1 is what it says; 0.1 + 0.2 raises, since it is not what its author means). With `places` any
---finite float is rounded, half to even. Raises for anything else.
---@param x bybit.exact
---@param places? integer digits after the point, 0 to 400
---@return bybit.Decimal
function bybit.decimal(x, places) end

---Rounds to so many digits after the point, and always shows that many.
---@param places integer negative ones round before the point
---@param mode? bybit.rounding "half_even" when left out
---@return bybit.Decimal
function bybit.Decimal:round(places, mode) end

---The multiple of a step next to it: for tick and lot sizes.
---@param step bybit.exact above zero
---@param mode? bybit.rounding "down" when left out
---@return bybit.Decimal
function bybit.Decimal:to_step(step, mode) end

---Its distance from zero.
---@return bybit.Decimal
function bybit.Decimal:abs() end

---Below, at or above zero?
---@return -1|0|1
function bybit.Decimal:sign() end

---Is it zero, whatever its digits after the point?
---@return boolean
function bybit.Decimal:is_zero() end

---The least of it and the others.
---@param ... bybit.exact
---@return bybit.Decimal
function bybit.Decimal:min(...) end

---The greatest of it and the others.
---@param ... bybit.exact
---@return bybit.Decimal
function bybit.Decimal:max(...) end

---Is it equal? What `==` cannot do with plain numbers.
---@param other bybit.exact
---@return boolean
function bybit.Decimal:eq(other) end

---Is it less than, equal to, or more than the other?
---@param other bybit.exact
---@return -1|0|1
function bybit.Decimal:compare(other) end

---One text for all equal decimals (1.0 and 1.00 give "1"): for table keys.
---@return string
function bybit.Decimal:key() end

---The float next to it: for plotting and statistics, not for money.
---@return number
function bybit.Decimal:tonumber() end

---The integer that it is; nil when it is not whole or does not fit.
---@return integer?
function bybit.Decimal:tointeger() end

---Plain digits, never an exponent, with the trailing zeros that it has.
---@return string
function bybit.Decimal:tostring() end

---Decodes JSON (RFC 8259, to the letter). Integers that fit stay integers, every other number becomes a decimal, none a
---float; null is `bybit.null`; a key that comes twice is an error.
---@param text string
---@param options? { depth: integer } how deep it may be nested, 128 when left out
---@return any value nil when the text is not JSON
---@return string? message with the byte
---@return integer? offset counted from 1
function bybit.json.decode(text, options) end

---Encodes a value. Raises, with the path, what has no exact form (a float that is not what it looks like, a function, a
---table with keys of two kinds). Keys go out sorted.
---@param value any
---@param options? { decimals: "number"|"string", depth: integer } how decimals are written: "number" when left out
---@return string
function bybit.json.encode(value, options) end

---Marks a table (a new one when left out) as an array, so that it is encoded as one even when it is empty.
---@param t? table
---@return table
function bybit.json.array(t) end

---HMAC-SHA256 of a text, as the exchange wants it.
---@param key string
---@param text string
---@return string hex
function bybit.sign.hmac_sha256(key, text) end

---RSA-SHA256 (PKCS #1 v1.5) of a text. Raises when the key is none.
---@param pem string a private key as PEM text
---@param text string
---@return string base64
function bybit.sign.rsa_sha256(pem, text) end

---Ends every call that holds the token, or one made from it, with an error, kind `cancelled`. May be repeated.
function bybit.Token:cancel() end

---Was it cancelled?
---@return boolean
function bybit.Token:cancelled() end
