-- The client. Built from a checkout: luarocks --lua-version 5.4 make rockspec/bybit-scm-1.rockspec
rockspec_format = "3.0"
package = "bybit"
version = "scm-1"
source = { url = "git+file://." }
description = {
  summary = "Trade Bybit's inverse perpetual contracts from Lua",
  detailed = [[
A client with a C core: exact decimals, signed requests over libcurl, orders whose outcome is never guessed.
The paper exchange to try strategies on is a rock of its own, bybit-paper.]],
  license = "MIT",
  labels = { "trading", "bybit", "http" },
}
supported_platforms = { "unix" }
dependencies = { "lua >= 5.4, < 5.5" }
external_dependencies = {
  CURL = { library = "curl" },
  CRYPTO = { header = "openssl/evp.h", library = "crypto" },
  SQLITE = { header = "sqlite3.h", library = "sqlite3" }, -- of bybit/journal.so alone
  ZLIB = { header = "zlib.h", library = "z" }, -- for gzipped files of prices
  BID = { header = "bid_functions.h" }, -- libintelrdfpmath; its library is called libbidgcc000 there
}
build = {
  type = "make",
  build_target = "client",
  install_target = "install-client",
  variables = {
    BUILD = "build/rock", -- apart from the objects of `make`, whose flags are others
    LUA = "$(LUA)",
    LUA_INCDIR = "$(LUA_INCDIR)",
    CFLAGS = "$(CFLAGS) -I$(CURL_INCDIR) -I$(CRYPTO_INCDIR) -I$(BID_INCDIR) -I$(SQLITE_INCDIR) -I$(ZLIB_INCDIR)",
    LDFLAGS = "-L$(CURL_LIBDIR) -L$(CRYPTO_LIBDIR) -L$(BID_LIBDIR) -L$(SQLITE_LIBDIR) -L$(ZLIB_LIBDIR)",
  },
  install_variables = { INST_LIBDIR = "$(LIBDIR)", INST_LUADIR = "$(LUADIR)" },
  install = { bin = { bybit = "lua/bybit/shell/bybit" } },
}
