-- The options that every method takes besides its own parameters. They are not sent as parameters.

return {
  { "receive_window", false, "integer", max = 60000, unit = "ms",
    doc = "How long after its timestamp the exchange may still accept the request." },
  { "timeout", false, "seconds", unit = "s", doc = "How long one attempt may take." },
  { "connect_timeout", false, "seconds", unit = "s",
    doc = "How long making the connection may take; part of `timeout`." },
  { "deadline", false, "seconds", unit = "s",
    doc = "How long the whole call may take: waiting for its turn, attempts, recovery." },
  { "cancel", false, "token", doc = "A token of bybit.cancel_token. When it is cancelled, the call ends with kind `cancelled`." },
  { "raw", false, "boolean", doc = "Keep the answer's text in `response.raw`." },
  { "extra", false, "table", doc = "Fields of the wire that have no parameter yet; they are sent as they are." },
  { "resend", false, "boolean",
    doc = "False: an order of unknown outcome is not sent again under its own id. For calls that place an order." },
  { "confirm", false, "boolean",
    doc = "Read the full order or position back, and return that. For calls that change something." },
}
