// npm's bybit-api as a contender (contender.lua): places orders, or reads lists.
// usage: node peer_bybit_api.js order|list URL KEY SECRET; NODE_PATH says where the package is
const { RestClientV5 } = require("bybit-api");
const [work, baseUrl, key, secret] = process.argv.slice(2);
const client = new RestClientV5({ key, secret, baseUrl });
const calls = {
  order: () => client.submitOrder({ category: "inverse", symbol: "BTCUSD", side: "Buy", orderType: "Limit", qty: "1", price: "20000.5" }),
  list: () => client.getActiveOrders({ category: "inverse", symbol: "BTCUSD", limit: 50 }),
};
require("./node_contender.js")(async () => {
  const answer = await calls[work]();
  if (answer.retCode !== 0) throw new Error(answer.retMsg);
});
