// npm's ccxt.pro, served to streams_spec.lua. usage: node ccxt_streams.js URL KEY SECRET; NODE_PATH says where the package is
const ccxt = require("ccxt");
const [url, apiKey, secret] = process.argv.slice(2);
const exchange = new ccxt.pro.bybit({ apiKey, secret, enableRateLimit: false, options: { defaultType: "swap", defaultSubType: "inverse" } });
const base = url.replace("http", "ws");
for (const name of Object.keys(exchange.urls.api)) if (name !== "ws") exchange.urls.api[name] = url;
exchange.urls.api.ws = { public: { inverse: base + "/v5/public/inverse", linear: base + "/v5/public/linear" },
  private: { contract: base + "/v5/private", trade: base + "/v5/trade", spot: { unified: base + "/v5/private" } } };
exchange.loadHttpProxyAgent().then(() => require("./serve.js")(exchange)).then(() => process.exit(0));
