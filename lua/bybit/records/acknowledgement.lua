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

return records
