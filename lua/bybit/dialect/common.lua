-- What every method takes besides its own parameters; none of it goes out as a parameter.

return {
  { "receive_window", false, "integer", max = 60000, unit = "ms",
    doc = "How long after its timestamp the exchange may still accept the request." },
  { "timeout", false, "seconds", unit = "s", doc = "For one attempt." },
  { "connect_timeout", false, "seconds", unit = "s", doc = "For the connection, inside `timeout`." },
  { "deadline", false, "seconds", unit = "s", doc = "For the whole call: its turn, attempts, recovery." },
  { "cancel", false, "token", doc = "A token of bybit.cancel_token: cancelled, the call ends with kind `cancelled`." },
  { "raw", false, "boolean", doc = "Keep the answer's text in `response.raw`." },
  { "extra", false, "table", doc = "Fields of the wire that are not declared yet, sent as they are." },
  { "resend", false, "boolean",
    doc = "Of a call that places an order: false forbids to send it again under its own id while its outcome is unknown." },
  { "confirm", false, "boolean",
    doc = "Of a call that changes something: read the full order or position back and return that." },
}
