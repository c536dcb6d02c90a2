-- Times, and ids that sort by time.

-- Returns the time in milliseconds by the clock of Redis, and never less than `last`: a feed's time never runs
-- backwards, whatever the clock of the machine does.
local function milliseconds(last)
  local clock = redis.call('TIME')
  return math.max(tonumber(clock[1]) * 1000 + math.floor(tonumber(clock[2]) / 1000), tonumber(last))
end

local function rfc3339(ms)
  local days = math.floor(ms / 86400000)
  local rest = ms - days * 86400000
  -- Day count to proleptic Gregorian date; years start in March so that the leap day comes last.
  local since = days + 719468
  local era = math.floor(since / 146097)
  local day = since - era * 146097
  local year = math.floor(
    (day - math.floor(day / 1460) + math.floor(day / 36524) - math.floor(day / 146096)) / 365)
  day = day - (365 * year + math.floor(year / 4) - math.floor(year / 100))
  local month = math.floor((5 * day + 2) / 153)
  day = day - math.floor((153 * month + 2) / 5) + 1
  month = month < 10 and month + 3 or month - 9
  year = year + era * 400 + (month <= 2 and 1 or 0)
  return string.format('%04d-%02d-%02dT%02d:%02d:%02d.%03dZ', year, month, day, math.floor(rest / 3600000),
    math.floor(rest / 60000) % 60, math.floor(rest / 1000) % 60, rest % 1000)
end

local DIGITS = '0123456789abcdefghjkmnpqrstvwxyz' -- Crockford's base 32: sorts as numbers do
local function base32(number, width)
  local text = {}
  for place = width, 1, -1 do
    local digit = number % 32
    text[place] = string.sub(DIGITS, digit + 1, digit + 1)
    number = (number - digit) / 32
  end
  return table.concat(text)
end
