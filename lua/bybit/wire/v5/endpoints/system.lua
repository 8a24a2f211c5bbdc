-- Interruptions of the exchange (V5 documentation, System). The request needs no signature.

return {
  { "get_system_status", verb = "GET", path = "/v5/system/status", source = "V5 documentation, system/status",
    doc = "Announced, running and past interruptions of the exchange. A pause of less than ten seconds is not among them.",
    params = { { "id", "id", "string", doc = "Only this one." },
      { "state", "state", "enum", enum = "system_state", doc = "Only those that stand so." } },
    result = { list = "system_status", key = "list" },
    codes = { "invalid_parameter", "rate_limited" },
    example = [[
for _, pause in ipairs(assert(client:get_system_status { state = "ongoing" })) do
  print(pause.title, bybit.iso(pause.begin_time), bybit.iso(pause.end_time))
end]] },
}
