-- At the network of a simulation the exchange looks at four header lines of a request.

local headers = require("bybit.paper_engine").headers

describe("the header lines of a request", function()
  it("tell key, timestamp, signature and window, however their names are written", function()
    assert.same({ "k", "17", "ab", "5000" }, { headers { "Content-Type: application/json",
      "x-bapi-api-key: k", "X-BAPI-TIMESTAMP: 17", "X-Bapi-Sign: ab", "X-BAPI-RECV-WINDOW: 5000" } })
  end)

  it("may be absent", function()
    assert.same({ nil, nil, nil, nil, n = 4 }, table.pack(headers {}))
    assert.same({ nil, "17", nil, nil, n = 4 }, table.pack(headers { "X-BAPI-TIMESTAMP: 17", "X-BAPI-SIGNATURE: ab",
      "X-BAPI-SIGN", "X-BAPI-API-KE: k", "" }))
  end)

  it("count once, the first of a name", function()
    assert.equal("first", (headers { "X-BAPI-API-KEY: first", "x-bapi-api-key: second" }))
  end)

  it("may be empty", function()
    assert.same({ "", "", "a: b", nil }, { headers { "X-BAPI-API-KEY: ", "X-BAPI-TIMESTAMP:", "X-BAPI-SIGN: a: b" } })
  end)
end)
