-- Rate groups of the V5 wire without a row among its endpoints, in requests a second (V5 documentation, rate limits). A group that
-- gets a row leaves this list.

return {
  ["order/pre-check"] = 10,
  ["position/set-leverage"] = 10, ["position/add-margin"] = 10, ["position/confirm-pending-mmr"] = 10,
  ["account/set-margin-mode"] = 5, ["account/set-limit-px-action"] = 10,
}
