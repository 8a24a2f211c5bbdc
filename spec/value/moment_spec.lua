-- Moments as ISO 8601 text and as milliseconds. Expected values come from date(1), Python's datetime, and the C library's gmtime
-- (os.date), which has its own calendar code.

local bybit = require "bybit"
local core = require "bybit.core"

local DAY = 86400

describe("a moment", function()
  it("agrees with the C library on each day of five centuries", function()
    local wrong = {}
    for day = -135140, 48700 do -- 1599 to 2103
      local text = os.date("!%Y-%m-%d", day * DAY)
      if core.moment(text) ~= day * DAY * 1000 or bybit.iso(day * DAY * 1000) ~= text .. "T00:00:00.000Z" then
        wrong[#wrong + 1] = text
      end
    end
    assert.same({}, wrong)
  end)

  it("is refused for a day that does not exist: every fourth year is a leap year, but only every fourth century", function()
    for text, seconds in pairs { -- date -u -d TEXT +%s
      ["0000-02-29"] = -62162121600, ["0000-03-01"] = -62162035200, ["0001-01-01"] = -62135596800,
      ["1600-02-29"] = -11670998400, ["1899-12-31"] = -2209075200, ["1900-02-28"] = -2203977600,
      ["1900-03-01"] = -2203891200, ["1968-02-29"] = -58060800, ["2000-02-29"] = 951782400, ["2000-03-01"] = 951868800,
      ["2023-02-28"] = 1677542400, ["2023-03-01"] = 1677628800, ["2024-02-29"] = 1709164800, ["2024-12-31"] = 1735603200,
      ["2100-02-28"] = 4107456000, ["2100-03-01"] = 4107542400, ["2400-02-29"] = 13574563200, ["9999-12-31"] = 253402214400,
    } do
      assert.equal(seconds * 1000, core.moment(text), text)
    end
    for _, text in ipairs { "1700-02-29", "1900-02-29", "2023-02-29", "2025-02-29", "2026-02-29", "2100-02-29", "2200-02-29",
      "2000-02-30", "2024-02-30", "2024-01-32", "2024-03-32", "2024-04-31", "2024-05-32", "2024-06-31", "2024-07-32",
      "2024-08-32", "2024-09-31", "2024-10-32", "2024-11-31", "2024-12-32", "2024-00-01", "2024-13-01", "2024-01-00" } do
      assert.is_nil(core.moment(text), text)
    end
  end)

  it("is in the zone that it names; without a zone in UTC", function()
    for text, ms in pairs { -- datetime.fromisoformat(text)
      ["2026-01-31T12:00:00"] = 1769860800000, ["2026-01-31 12:00:00Z"] = 1769860800000,
      ["2026-01-31T12:00:00+00:00"] = 1769860800000, ["2026-01-31T12:00:00-00:00"] = 1769860800000,
      ["2026-01-31T12:00:00+01:30"] = 1769855400000, ["2026-01-31T12:00:00+0130"] = 1769855400000,
      ["2026-01-31T12:00:00-23:59"] = 1769947140000, ["2026-03-01T00:00:00+05:30"] = 1772303400000,
      ["2025-12-31T23:59:59.999-00:01"] = 1767225659999, ["2024-02-29T23:59:59Z"] = 1709251199000,
    } do
      assert.equal(ms, core.moment(text), text)
    end
  end)

  it("has up to nine fraction digits, which are cut to milliseconds, towards the past", function()
    for fraction, ms in pairs { [".0"] = 0, [".1"] = 100, [".12"] = 120, [".123"] = 123, [".1239"] = 123, [".0009"] = 0,
      [".999999999"] = 999, [".009"] = 9, [".05"] = 50 } do
      assert.equal(1769860800000 + ms, core.moment("2026-01-31T12:00:00" .. fraction .. "Z"), fraction)
      assert.equal(-1000 + ms, core.moment("1969-12-31T23:59:59" .. fraction .. "Z"), fraction)
    end
  end)

  it("may have the largest value of each field, and no larger one", function()
    local fields = { "2026", "-", "01", "-", "31", "T", "12", ":", "00", ":", "00", ".", "5", "+", "01", ":", "00" }
    assert.truthy(core.moment(table.concat(fields)))
    for place, cases in pairs { [7] = { fine = { "00", "23" }, none = { "24", "99", "1", "1x" } },
      [9] = { fine = { "00", "59" }, none = { "60", "5", "-1" } },
      [11] = { fine = { "00", "59" }, none = { "60", "5", "/0", ":0" } },
      [13] = { fine = { "5", "123456789" }, none = { "", "1234567890", "x" } },
      [15] = { fine = { "00", "23" }, none = { "24", "1", "" } },
      [17] = { fine = { "00", "59" }, none = { "60", "", "0", "000" } },
      [1] = { fine = { "0000", "9999" }, none = { "999", "10000", "-001" } }, [2] = { fine = {}, none = { "/", "" } },
      [4] = { fine = {}, none = { ":", "" } }, [6] = { fine = { " " }, none = { "t", "_", "" } },
      [8] = { fine = {}, none = { "", "." } }, [10] = { fine = {}, none = { "", "." } }, [12] = { fine = {}, none = { "," } },
      [14] = { fine = { "-" }, none = { "*", "z" } } } do
      for kind, texts in pairs(cases) do
        for _, text in ipairs(texts) do
          local changed = table.move(fields, 1, #fields, 1, {})
          changed[place] = text
          changed = table.concat(changed)
          assert.equal(kind == "fine", core.moment(changed) ~= nil, changed)
        end
      end
    end
    for _, place in ipairs { 1, 3, 5, 7, 9, 11, 15, 17 } do -- the characters next to the digits in ASCII are not digits
      for _, wrong in ipairs { "/", ":", " ", "-", "." } do
        local changed = table.move(fields, 1, #fields, 1, {})
        changed[place] = fields[place]:sub(1, -2) .. wrong
        assert.is_nil(core.moment(table.concat(changed)), table.concat(changed))
        changed[place] = (place == 1 and "201" or "1") .. wrong
        assert.is_nil(core.moment(table.concat(changed)), table.concat(changed))
      end
    end
    for _, text in ipairs { "", "2026", "2026-01", "2026-01-31T", "2026-01-31T12:00", "2026-01-31Z", "2026-01-31T12:00:00ZZ",
      "2026-01-31T12:00:00Z ", " 2026-01-31" } do
      assert.is_nil(core.moment(text), text)
    end
  end)
end)
