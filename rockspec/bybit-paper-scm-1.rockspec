-- The paper exchange. Built from a checkout: luarocks --lua-version 5.4 make rockspec/bybit-paper-scm-1.rockspec
rockspec_format = "3.0"
package = "bybit-paper"
version = "scm-1"
source = { url = "git+file://." }
description = {
  summary = "An exchange on loopback that speaks Bybit's V5 API, for trying strategies",
  license = "MIT",
  labels = { "trading", "bybit", "testing" },
}
supported_platforms = { "unix" }
dependencies = { "lua >= 5.4, < 5.5", "bybit", "lua-cjson" }
external_dependencies = {
  MICROHTTPD = { header = "microhttpd.h", library = "microhttpd" },
  BID = { header = "bid_functions.h" }, -- libintelrdfpmath; its library is called libbidgcc000 there
}
build = {
  type = "make",
  build_target = "paper",
  install_target = "install-paper",
  variables = {
    BUILD = "build/rock", -- apart from the objects of `make`, whose flags are others
    LUA = "$(LUA)",
    LUA_INCDIR = "$(LUA_INCDIR)",
    CFLAGS = "$(CFLAGS) -I$(MICROHTTPD_INCDIR) -I$(BID_INCDIR)",
    LDFLAGS = "-L$(MICROHTTPD_LIBDIR) -L$(BID_LIBDIR)",
  },
  install_variables = { INST_LIBDIR = "$(LIBDIR)", INST_LUADIR = "$(LUADIR)" },
}
