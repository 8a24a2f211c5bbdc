// npm's bybit-api, served to bybit_api_spec.lua. usage: node bybit_api.js URL KEY SECRET; NODE_PATH says where the package is
const { RestClientV5 } = require("bybit-api");
const [baseUrl, key, secret] = process.argv.slice(2);
require("./serve.js")(new RestClientV5({ key, secret, baseUrl }));
