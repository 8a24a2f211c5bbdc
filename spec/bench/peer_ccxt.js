// npm's ccxt as a contender (contender.lua): places orders, or reads lists.
// usage: node peer_ccxt.js order|list URL KEY SECRET; NODE_PATH says where the package is
const ccxt = require("ccxt");
const [work, url, apiKey, secret] = process.argv.slice(2);
// The markets are given, since the server has none; what an account is, too.
const exchange = new ccxt.bybit({ apiKey, secret, enableRateLimit: false, options: { enableUnifiedMargin: false, enableUnifiedAccount: true,
  unifiedMarginStatus: 5 } });
exchange.urls.api = { spot: url, futures: url, v2: url, public: url, private: url };
exchange.setMarkets([{ id: "BTCUSD", symbol: "BTC/USD:BTC", base: "BTC", quote: "USD", settle: "BTC", baseId: "BTC", quoteId: "USD",
  settleId: "BTC", type: "swap", spot: false, margin: false, swap: true, future: false, option: false, active: true, contract: true,
  linear: false, inverse: true, contractSize: 1, precision: { amount: 1, price: 0.1 }, limits: {}, info: {} }]);
const calls = {
  order: () => exchange.createOrder("BTC/USD:BTC", "limit", "buy", 1, 20000.5),
  list: () => exchange.fetchOpenOrders("BTC/USD:BTC", undefined, 50),
};
require("./node_contender.js")(calls[work]);
