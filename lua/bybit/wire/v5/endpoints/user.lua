-- Keys (V5 documentation, User).

return {
  { "get_api_key_info", verb = "GET", path = "/v5/user/query-api", limit = 10, source = "V5 documentation, user/query-api",
    doc = "What the client's key is and may do. It needs no permission.",
    result = { record = "api_key_info" },
    codes = { "invalid_key", "ip_not_allowed" },
    example = [[
local info = assert(client:get_api_key_info {})
print(info.read_only, table.concat(info.permissions.ContractTrade, " "), info.vip_level)]] },
}
