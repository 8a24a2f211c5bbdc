-- V5 documentation, order/create, order/amend, order/cancel: acknowledgements. init.lua explains the rows.

local records = {}

records.order_id = {
  doc = "The acknowledgement of an order. It does not say what becomes of the order.",
  shown = { "order_id", "client_order_id" },
  fields = {
    { "order_id", "orderId", "string", doc = "The exchange's id. Missing in one case: the answer was lost, the "
      .. "exchange then said that the id is taken, and it did not show the order within `visibility`." },
    { "client_order_id", "orderLinkId", "string", doc = "Your own id, or the one that the client made: it is always there." },
  },
  aliases = { stop_order_id = "order_id" },
}

records.batch_order = {
  doc = "The acknowledgement of an order of a batch. It does not say what becomes of the order. In the place of an order that "
    .. "failed there is a table {error = err}.",
  shown = { "order_id", "client_order_id", "symbol" },
  may_fail = true,
  fields = {
    { "order_id", "orderId", "string", doc = "The exchange's id; missing as in order_id." },
    { "client_order_id", "orderLinkId", "string", doc = "Your own id, or the one that the client made." },
    { "symbol", "symbol", "string", optional = true, doc = "The contract. Missing where the order was settled by itself." },
    { "category", "category", "string", optional = true, doc = "The category." },
    { "create_time", "createAt", "time", optional = true, doc = "When the order was placed." },
  },
  aliases = { stop_order_id = "order_id" },
}

return records
