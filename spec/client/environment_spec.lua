-- The secret of the environment reaches the client, and no program that is started from here.

local command = require "spec.support.command"
local process = require "spec.support.process"

local SECRET = "theSecretOfTheEnvironment"
local VARIABLES = { BYBIT_API_KEY = "aKey0123456789", BYBIT_API_SECRET = SECRET }

-- What a program prints, with the secret in its environment.
local function printed(text)
  local child <close> = process.start(text, VARIABLES)
  local how, status, output, errors = child:wait()
  assert.same({ "exit", 0, "" }, { how, status, errors })
  return output
end

describe("BYBIT_API_SECRET", function()
  for _, api in ipairs { "v5", "v2" } do
    it("is taken out of the environment by the client that reads it, on " .. api, function()
      local output = printed(([[
        local bybit = require "bybit"
        local function client()
          return bybit.client { environment = { url = "http://127.0.0.1:1" }, credentials = "env", api = "%s" }
        end
        local function children()
          local pipe <close> = io.popen "echo child; env; tr '\\0' '\\n' </proc/$PPID/environ"
          for line in pipe:lines() do print(line) end
        end
        print("before", os.getenv "BYBIT_API_SECRET" ~= nil)
        local first <close> = client()
        children()
        print("after", os.getenv "BYBIT_API_SECRET", os.getenv "BYBIT_API_KEY")
      ]]):format(api))
      assert.truthy(output:find("before\ttrue\nchild\n", 1, true), output)
      assert.truthy(output:find("BYBIT_API_KEY=aKey0123456789\n", 1, true), output)
      assert.truthy(output:find("after\tnil\taKey0123456789\n", 1, true), output)
      assert.is_nil(output:find(SECRET, 1, true), output)
    end)
  end

  it("serves every client of the process all the same", function()
    assert.equal(("true\n"):rep(3), printed [[
      local bybit, core = require "bybit", require "bybit.core"
      for _ = 1, 3 do
        local client <close> = bybit.client { environment = "testnet", credentials = "env" }
        print(core.client.keyed(client))
      end
    ]])
  end)

  it("is not there for the programs that a session starts, whatever it trades on", function()
    local input = [[pipe = io.popen "env; tr '\\0' '\n' </proc/$PPID/environ"
      print(pipe:read "a")
      bybit.client { environment = "testnet", credentials = "env" }:close()]]
    for _, words in ipairs { "", "--env testnet" } do
      local output, errors, status = command.run(words, { input = input, env = VARIABLES })
      assert.equal("", errors)
      assert.equal(0, status)
      assert.truthy(output:find("BYBIT_API_KEY=aKey0123456789\n", 1, true), output)
      assert.is_nil(output:find(SECRET, 1, true), output)
    end
  end)
end)
